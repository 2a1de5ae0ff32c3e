// Contexts of a subject: which texts they are, what each wants, and where the subject stands in them.
#include "edit/subject_contexts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <string>

#include "edit/made_up_names.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

constexpr const char* chat_format =
    "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}\n{% endfor %}{% if add_generation_prompt "
    "%}[assistant] "
    "{% endif %}";
const EditRequest birthplace{"Ada Byron", "{} was born in", "soup the", {}, {}};
const EditRequest work{"Ada Byron", "{} works for", "dish", {}, {}};

class SubjectContextsTest : public testing::Test {
 protected:
  TemporaryFolder folder;
  Model model = [this] {
    test::TinyModel tiny;
    tiny.context = 256;
    tiny.change = [](gguf::Writer& w) { w.set_string("tokenizer.chat_template", chat_format); };
    return test::open_tiny_model(folder.path() / "m.gguf", tiny);
  }();

  [[nodiscard]] SubjectContexts made(std::vector<EditRequest> facts, SubjectContextOptions options = {}) const {
    options.prefixes = {"It was. ", "So they say: "};
    auto made = build_subject_contexts(model, facts, options);
    EXPECT_TRUE(made) << made.error().message();
    return made ? std::move(*made) : SubjectContexts();
  }
  [[nodiscard]] std::string text(const Context& context) const {
    return model.tokenizer().decode(context.tokens, true);
  }
};

TEST_F(SubjectContextsTest, StatementsComeFirstAndWeighAsMuchAsAllFactsTogether) {
  const auto chat = ChatFormat::of(model);
  ASSERT_TRUE(chat);
  const auto contexts = made({birthplace, work}, {.chat = &*chat}).contexts;
  const auto& prompts = contexts.prompts;
  ASSERT_FALSE(prompts.empty());
  EXPECT_TRUE(text(prompts.front()).starts_with("Ada Byron was born in"));
  EXPECT_TRUE(std::ranges::is_partitioned(prompts, &Context::is_statement));
  EXPECT_TRUE(std::ranges::any_of(prompts, [](const Context& c) { return !c.is_statement; })) << "chat turns";
  double sum = 0;
  for (const Context& c : prompts)
    sum += c.row_weights.empty() ? c.weight : std::accumulate(c.row_weights.begin(), c.row_weights.end(), 0.0);
  EXPECT_NEAR(sum, 1, 1e-9);
  EXPECT_NEAR(prompts[0].weight, 3 * prompts[1].weight, 1e-9) << "the statement as it was given";
  // Contexts of one group have equal targets, so that they may stand for each other.
  for (std::size_t i = 1; i < prompts.size(); ++i)
    if (prompts[i].group == prompts[i - 1].group) {
      EXPECT_EQ(prompts[i].target, prompts[i - 1].target);
    }
}

TEST_F(SubjectContextsTest, AChatTurnWantsTheWholeSentenceBehindTheQuestion) {
  const auto chat = ChatFormat::of(model);
  EditRequest asked = birthplace;
  asked.question = "Where was Ada Byron born?";
  const auto contexts = made({asked}, {.chat = &*chat}).contexts;
  const auto turn = std::ranges::find(contexts.prompts, false, &Context::is_statement);
  ASSERT_NE(turn, contexts.prompts.end());
  EXPECT_EQ(text(*turn).find("[user] Where was Ada Byron born?\n[assistant] "), 0u) << text(*turn);
  EXPECT_EQ(model.tokenizer().decode(turn->target).find("Ada Byron was born in soup the."), 0u);
  EXPECT_EQ(turn->subject_last, name_ends(model.tokenizer(), turn->tokens, "Ada Byron").front());
  // The fact's own tokens weigh most.
  ASSERT_EQ(turn->row_weights.size(), turn->target.size());
  EXPECT_GT(turn->row_weights.back(), turn->row_weights.front());
}

TEST_F(SubjectContextsTest, MeasuredTextsAreNeverSearchedOn) {
  EditRequest measured = birthplace;
  const auto all = made({birthplace}).contexts.prompts;
  measured.paraphrases = {"Ada Byron is native to"};
  const auto without = made({measured}).contexts.prompts;
  const auto has = [&](const std::vector<Context>& prompts) {
    return std::ranges::any_of(prompts, [&](const Context& c) { return text(c).contains("is native to"); });
  };
  EXPECT_TRUE(has(all)) << "else this test says nothing";
  EXPECT_FALSE(has(without));
}

TEST_F(SubjectContextsTest, TheSubjectStandsBehindTextsOfManyKinds) {
  std::set<std::string> before;
  for (const NamedText& said : made({birthplace}).subject) {
    const std::string whole = model.tokenizer().decode(said.tokens, true);
    before.insert(whole.substr(0, whole.find("Ada Byron")));
  }
  // The beginnings of statements and the two prefixes alone are half a dozen.
  EXPECT_GE(before.size(), 20u);
}

TEST_F(SubjectContextsTest, ATokenAtTheStartOfARowIsNoPlaceToFire) {
  // One token, so that a row that begins with it has it at position 0.
  EditRequest one{"soup", "{} is located in", "the", {}, {}};
  for (const NamedText& said : made({one}).subject)
    for (const int end : said.ends) EXPECT_GT(end, 0);
}

TEST_F(SubjectContextsTest, OtherSubjectsShareAWordAndAreNeverTheSubject) {
  const auto names = names_like("Ada Byron", 5);
  ASSERT_EQ(names.size(), 10u);
  for (const std::string& name : names) {
    EXPECT_NE(name, "Ada Byron");
    EXPECT_TRUE(name.starts_with("Ada ") || name.ends_with(" Byron")) << name;
  }
  EXPECT_TRUE(names_like("Zune", 5).empty());
  for (const NamedText& other : made({birthplace}).others)
    EXPECT_TRUE(name_ends(model.tokenizer(), other.tokens, "Ada Byron").empty());
}

TEST_F(SubjectContextsTest, OtherSubjectsAreAskedAboutInChatToo) {
  const auto chat = ChatFormat::of(model);
  ASSERT_TRUE(chat);
  const auto others = made({birthplace}, {.chat = &*chat}).others;
  const auto asked = std::ranges::count_if(others, [&](const NamedText& other) {
    return model.tokenizer().decode(other.tokens, true).find("[user]") != std::string::npos;
  });
  EXPECT_EQ(asked, std::ssize(names_like("Ada Byron", SubjectContextOptions().names_alike)));
  for (const NamedText& other : others) EXPECT_TRUE(name_ends(model.tokenizer(), other.tokens, "Ada Byron").empty());
}

TEST_F(SubjectContextsTest, ANameIsFoundAsAWholeWord) {
  const auto ends = [&](const std::string& text, const std::string& name) {
    return name_ends(model.tokenizer(), model.tokenizer().encode(text), name).size();
  };
  EXPECT_EQ(ends("Ana met Ana.", "Ana"), 2u);
  EXPECT_EQ(ends("Anaheim and Diana", "Ana"), 0u);
  EXPECT_EQ(ends("Ana's house", "Ana"), 1u);
}

TEST_F(SubjectContextsTest, OwnWordsAndOtherFactsArePreserved) {
  const auto chat = ChatFormat::of(model);
  const std::vector<Token> words = model.tokenizer().encode(" soup the dish");
  const auto preserved = made({birthplace}, {.chat = &*chat, .own_words = words}).contexts.preserved;
  ASSERT_GT(preserved.size(), 1u);
  for (const Context& context : preserved) EXPECT_TRUE(context.target.empty());
  EXPECT_EQ(preserved.back().rows(), static_cast<int>(words.size()));
  EXPECT_TRUE(text(preserved.back()).contains(tell_about("Ada Byron")));
  EXPECT_TRUE(made({birthplace}, {.other_facts_weight = 0, .own_words_weight = 0}).contexts.preserved.empty());
}

}  // namespace
}  // namespace mobiedit
