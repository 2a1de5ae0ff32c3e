#include <gtest/gtest.h>

#include <string>

#include "mobiedit/model/tokenizer.h"
#include "unit/model/tiny_vocabulary.h"

namespace mobiedit {
namespace {

using test::make_tokenizer;
using test::pieces;
using test::tiny_vocabulary;

TEST(BytePairEncoding, MergesTheBestRankFirst) {
  // "abc": (b c) outranks (a b), although (a b) comes first in the text.
  const auto tokenizer = make_tokenizer(tiny_vocabulary({"b c", "a b", "ab c"}));
  EXPECT_EQ(pieces(tokenizer, "abc"), "a|bc");
  EXPECT_EQ(pieces(tokenizer, "ab"), "ab");
}

TEST(BytePairEncoding, MergesEqualPairsFromTheLeft) {
  const auto tokenizer = make_tokenizer(tiny_vocabulary({"a a"}));
  EXPECT_EQ(pieces(tokenizer, "aaaaa"), "aa|aa|a");
}

TEST(BytePairEncoding, OfAMergeThatIsListedTwiceTheFirstCounts) {
  auto data = tiny_vocabulary({"a b", "b c"});
  data.merges.push_back("a b");
  EXPECT_EQ(pieces(make_tokenizer(std::move(data)), "abc"), "ab|c");
}

TEST(BytePairEncoding, MergesResultsOfMerges) {
  const auto tokenizer = make_tokenizer(tiny_vocabulary({"t h", "th e", "Ġ the"}));
  EXPECT_EQ(pieces(tokenizer, "the the"), "the| the");
}

TEST(BytePairEncoding, EveryByteComesBack) {
  const auto tokenizer = make_tokenizer(tiny_vocabulary({"e r", "Ġ t", "Ã ©"}, "qwen2"));
  std::string bytes;
  for (int round = 0; round < 3; ++round) {
    for (int byte = 0; byte < 256; ++byte) bytes.push_back(static_cast<char>(byte * (2 * round + 1)));
  }
  EXPECT_EQ(tokenizer.decode(tokenizer.encode(bytes, {.add_special = false})), bytes);
}

TEST(BytePairEncoding, TextThatIsNotUtf8IsEncodedByteByByte) {
  // Each byte that is no UTF-8 is a word of its own, so no merge joins it with its neighbour.
  const auto tokenizer = make_tokenizer(tiny_vocabulary({"Ã ©", "a b", "Ã Ã"}));
  EXPECT_EQ(tokenizer.encode("ab\xC3\xA9\xC3"), (std::vector<Token>{257, 256, 0xC3}));
  EXPECT_EQ(tokenizer.encode("\xC3\xC3"), (std::vector<Token>{0xC3, 0xC3}));
  const std::string surrogate = "ab\xED\xA0\x80";
  EXPECT_EQ(tokenizer.encode(surrogate + "ab"), (std::vector<Token>{257, 0xED, 0xA0, 0x80, 257}));
}

TEST(BytePairEncoding, AWordOf100000CharactersIsNotQuadratic) {
  // Quadratic merging would take some 10^10 steps and meet the runner's time limit.
  std::vector<std::string> merges;
  for (std::string half = "a"; half.size() < 64; half += half) merges.push_back(half + " " + half);
  const auto tokenizer = make_tokenizer(tiny_vocabulary(merges));
  const auto tokens = tokenizer.encode(std::string(100000, 'a'));
  EXPECT_EQ(tokens.size(), 1562u + 1u);  // 100,000 = 1562 * 64 + 32
}

TEST(BytePairEncoding, StepsThatAreNoTokensAreSpelledInBytes) {
  auto data = tiny_vocabulary({"a b", "ab c", "x y"});
  data.tokens.resize(258);  // "ab" and "abc" stay, "xy" goes
  data.types.resize(258);
  const auto tokenizer = make_tokenizer(std::move(data));
  EXPECT_EQ(tokenizer.encode("abcxy"), (std::vector<Token>{257, 'x', 'y'}));
}

TEST(BytePairEncoding, WholeWordsBeatMergesWhereThePatternSaysSo) {
  auto data = tiny_vocabulary({"a b"}, "llama-bpe");
  data.tokens.push_back("abcd");
  data.types.push_back(1);
  data.add_bos = false;
  auto other = data;
  other.pre = "qwen2";
  EXPECT_EQ(pieces(make_tokenizer(std::move(data)), "abcd abcd"), "abcd| |ab|c|d");
  EXPECT_EQ(pieces(make_tokenizer(std::move(other)), "abcd"), "ab|c|d");
}

TEST(Tokenizer, NamesAnUnknownSplittingPattern) {
  const auto tokenizer = Tokenizer::create(tiny_vocabulary({}, "volapuk"));
  ASSERT_FALSE(tokenizer);
  EXPECT_EQ(tokenizer.error().code, ErrorCode::bad_model);
  EXPECT_NE(tokenizer.error().message().find("volapuk"), std::string::npos);
  EXPECT_NE(tokenizer.error().message().find("qwen2"), std::string::npos);
}

}  // namespace
}  // namespace mobiedit
