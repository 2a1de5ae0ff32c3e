#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "model/tokenizer/patterns.h"
#include "model/tokenizer/splitter.h"

namespace mobiedit::tokenizer {
namespace {

Splitter splitter_for(std::string_view name) {
  const Splitting* splitting = find_splitting(name);
  if (splitting == nullptr) throw std::runtime_error("no pattern " + std::string(name));
  auto splitter = Splitter::create(splitting->patterns);
  if (!splitter) throw std::runtime_error(splitter.error().message());
  return std::move(*splitter);
}

std::string split(const Splitter& splitter, std::string_view text) {
  std::vector<std::string_view> words;
  splitter.split(text, words);
  std::string joined;
  for (const std::string_view word : words) joined.append(joined.empty() ? "" : "|").append(word);
  return joined;
}

struct Case {
  std::string_view pattern, text, words;
};

// Texts on which the patterns differ. Worked out by hand; the packages and the peer that tests/tokenizer compares with
// agree.
const Case cases[] = {
    {"gpt-2", "Hello  world's 1234", "Hello| | world|'s| 1234"},
    {"gpt-2", "I'LL we'll", "I|'|LL| we|'ll"},  // this one knows small contractions only
    {"smollm", "in 1234 ways", "in| |1|2|3|4| ways"},
    {"qwen2", "x=1234;\n\nif (a)", "x|=|1|2|3|4|;\n\n|if| (|a|)"},
    {"qwen2", "I'LL 'tis", "I|'LL| '|tis"},
    {"qwen2", "a   b  ", "a|  | b|  "},
    {"qwen2", "a \r\n \r\nb", "a| \r\n \r\n|b"},
    {"qwen2", "(word) $word", "(word|)| $|word"},
    {"llama-bpe", "1234567 12", "123|456|7| |12"},
    {"llama-bpe", "\xC2\xBD\xE2\x85\xA7\xD9\xA3\xD9\xA4", "\xC2\xBD\xE2\x85\xA7\xD9\xA3|\xD9\xA4"},  // ½Ⅷ٣٤: all \p{N}
    {"falcon", "12345, 'a'", "123|45|,| |'|a|'"},
    {"default", "12345, a", "123|45|,| a"},
    {"deepseek-llm", "a1234 b\xE4\xB8\x80  ", "a|1234| b|\xE4\xB8\x80|  "},
    {"deepseek-coder", "a12\nb.c", "a|1|2|\n|b|.|c"},
    {"deepseek-v3", "1234 a_b (x)", "123|4| a|_b| (|x|)"},
    {"tekken", "helloWorld HTTPServer 12/\n", "hello|World| HTTPServer| |1|2|/\n"},
    {"tekken",
     "A\xCC\x81"
     "B\xCC\x81"
     "c D\xCC\x81",
     "A\xCC\x81"
     "B\xCC\x81"
     "c| D\xCC\x81"},
    {"gpt-4o", "helloWorld's 1234/", "hello|World's| |123|4|/"},
    {"bailingmoe", "we'RE 12\n\n", "we|'RE| |1|2|\n\n"},
    {"seed-coder", "a;\n12", "a|;|\n|1|2"},
    {"minicpm5", "12345 a", "123|45| a"},
    {"bloom", "a 12, b", "a| 12|,| b"},
    {"viking", "a 12, b", "a| |1|2|,| b"},
    // Marks: letters to qwen35 alone.
    {"qwen2", "a\xCC\x81z", "a|\xCC\x81z"},
    {"qwen35", "a\xCC\x81z", "a\xCC\x81z"},
};

TEST(Splitter, CutsWhereThePatternsSay) {
  for (const Case& c : cases) EXPECT_EQ(split(splitter_for(c.pattern), c.text), c.words) << c.pattern;
}

TEST(Splitter, WhiteSpaceIsUnicodes) {
  const auto qwen2 = splitter_for("qwen2");
  // A word may take one character in front that is no letter, digit or line break, white space or not; punctuation may
  // take none of these but a space. So a bracket tells them apart.
  for (const std::string_view space : {"\xC2\x85", "\xC2\xA0", "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\xA8",
                                       "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80", "\t", "\v", "\f"}) {
    EXPECT_EQ(split(qwen2, std::string(space) + "("), std::string(space) + "|(");
  }
  // U+180E, U+200B and U+FEFF once were or look like white space.
  for (const std::string_view other : {"\xE1\xA0\x8E", "\xE2\x80\x8B", "\xEF\xBB\xBF"}) {
    EXPECT_EQ(split(qwen2, std::string(other) + "("), std::string(other) + "(");
  }
}

TEST(Splitter, TheLongSIsNoContraction) {
  EXPECT_EQ(split(splitter_for("llama-bpe"), "it'\xC5\xBF x"), "it|'\xC5\xBF| x");
  EXPECT_EQ(split(splitter_for("llama-bpe"), "it'\xC5\xBFx"), "it|'\xC5\xBFx");
}

std::vector<std::string> all_names() {
  std::vector<std::string> names(1);
  for (const char c : known_splittings()) {
    if (c == ',')
      names.emplace_back();
    else if (c != ' ')
      names.back() += c;
  }
  return names;
}

TEST(Splitter, EveryPatternKeepsAllOfTheText) {
  const std::string text =
      "It's  caf\xC3\xA9 \xE2\x82\xAC"
      "12.50,\r\n\r\n\t\xE6\x97\xA5\xE6\x9C\xAC 1234567 \xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD \xC2\x85 A_b$ \xD9\xA3 ";
  const auto names = all_names();
  ASSERT_GT(names.size(), 50u);
  for (const std::string& name : names) {
    const auto splitter = splitter_for(name);
    std::vector<std::string_view> words;
    splitter.split(text, words);
    std::string joined;
    for (const std::string_view word : words) {
      EXPECT_FALSE(word.empty()) << name;
      joined += word;
    }
    EXPECT_EQ(joined, text) << name;
    splitter.split("", words);
    EXPECT_TRUE(words.empty()) << name;
  }
}

TEST(Splitter, LongRunsOfOneKindAreCutAsShortOnesAre) {
  // A pattern that tries every start in vain, or that runs out of the matcher's memory, would leave the text in one
  // piece, or take many minutes and meet the runner's time limit.
  std::set<const std::string_view*> seen;
  for (const std::string& name : all_names()) {
    if (!seen.insert(find_splitting(name)->patterns.data()).second) continue;
    const auto splitter = splitter_for(name);
    for (const char* kind : {"a", "A", " ", "\n", "\t", "0", "'", "(", "\xE4\xB8\x80", "\xCC\x81", "\xE2\x80\x83"}) {
      const auto count = [&](std::size_t size) {
        std::string text;
        for (std::size_t i = 0; i < size; ++i) text += kind;
        // The character after the run makes attempts fail that would otherwise succeed at once.
        text += "\xE4\xB8\x80";
        std::vector<std::string_view> words;
        splitter.split(text, words);
        return words.size();
      };
      // Multiples of three, for the patterns that take digits by three.
      const std::size_t short_run = count(300), growth = count(600) - short_run;
      EXPECT_EQ(count(600000), short_run + growth * 1999) << name << ", runs of '" << kind << "'";
    }
  }
}

TEST(Splitter, AMatchThatNeedsMuchMemoryIsFound) {
  constexpr std::string_view patterns[]{"(?:(?:a|b)(?:c|d)?)+?e"};
  const auto splitter = Splitter::create(patterns);
  ASSERT_TRUE(splitter);
  std::string text;
  for (int i = 0; i < 50000; ++i) text += "ac";
  EXPECT_EQ(split(*splitter, "x" + text + "ex"), "x|" + text + "e|x");
}

}  // namespace
}  // namespace mobiedit::tokenizer
