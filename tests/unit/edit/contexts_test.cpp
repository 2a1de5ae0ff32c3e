#include "edit/contexts.h"

#include <gtest/gtest.h>

#include "mobiedit/base/prompt.h"
#include "mobiedit/edit/errors.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

class Contexts : public testing::Test {
 protected:
  [[nodiscard]] std::string text(const Context& c, int from, int to) const {
    return model.tokenizer().decode(
        std::span(c.tokens).subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from)));
  }
  TemporaryFolder folder;
  Model model = test::open_tiny_model(folder.path() / "m.gguf", {});
};

TEST_F(Contexts, FindTheSubjectAndTheTarget) {
  const auto set = build_contexts(model, {"Zoë Ma", "Where {} lives is", "Rome", {}, {}}, {"Rain fell. "});
  ASSERT_TRUE(set) << set.error().message();
  ASSERT_EQ(set->prompts.size(), 2u);
  EXPECT_EQ(model.tokenizer().decode(set->target), " Rome");
  for (std::size_t i = 0; i < 2; ++i) {
    const Context& c = set->prompts[i];
    const std::string prefix = i == 0 ? "" : "Rain fell. ";
    EXPECT_EQ(text(c, 0, c.subject_last + 1), prefix + "Where Zoë Ma");
    EXPECT_EQ(text(c, 0, c.target_start + 1), prefix + "Where Zoë Ma lives is");
    EXPECT_EQ(text(c, 0, static_cast<int>(c.tokens.size())), prefix + "Where Zoë Ma lives is Rom");
  }
  EXPECT_EQ(text(set->preserved.front(), 0, static_cast<int>(set->preserved.front().tokens.size())), "Zoë Ma");
  EXPECT_EQ(set->preserved.front().subject_last, static_cast<int>(set->preserved.front().tokens.size()) - 1);
}

TEST_F(Contexts, PutTheTargetBehindGeneralWordings) {
  const std::vector<std::string> prefixes{"Rain fell. ", "It was. ", "So. "};
  const auto set = build_general_contexts(model, {"Zoë Ma", "Where {} lives is", "Rome", {}, {}}, prefixes);
  ASSERT_TRUE(set) << set.error().message();
  const auto wordings = general_wordings();
  ASSERT_EQ(set->wordings, std::ssize(wordings));
  ASSERT_EQ(set->prompts.size(), 1 + 2 + wordings.size());
  EXPECT_EQ(text(set->prompts[2], 0, set->prompts[2].target_start + 1), "It was. Where Zoë Ma lives is");
  for (std::size_t i = 0; i < wordings.size(); ++i) {
    const Context& c = set->prompts[3 + i];
    const std::string before = wordings[i].substr(0, wordings[i].find("{}"));
    EXPECT_EQ(text(c, 0, c.subject_last + 1), before + "Zoë Ma");
    EXPECT_EQ(text(c, 0, c.target_start + 1), filled_prompt(wordings[i], "Zoë Ma"));
    EXPECT_EQ(text(c, c.target_start + 1, static_cast<int>(c.tokens.size())), " Rom");
  }
}

// "the" is one token of this vocabulary: a subject that ends inside a token ends at that token.
TEST_F(Contexts, TakeTheTokenThatHoldsTheSubjectsEnd) {
  const auto set = build_contexts(model, {"th", "{}e is", "x", {}, {}}, {});
  ASSERT_TRUE(set);
  EXPECT_EQ(set->prompts[0].subject_last, 0);
  EXPECT_EQ(text(set->prompts[0], 0, 1), "the");
}

TEST_F(Contexts, RefuseWhatMakesNoSense) {
  const std::string long_target(500, 'x'), long_prompt = "{} " + std::string(100, 'x');
  namespace errors = request_errors;
  const std::pair<EditRequest, ErrorId> bad[] = {
      {{"Ada", "The cat is", "x", {}, {}}, errors::prompt}, {{"Ada", "{} and {}", "x", {}, {}}, errors::prompt},
      {{"  ", "{} is", "x", {}, {}}, errors::subject},      {{"Ada", "{} is", "", {}, {}}, errors::target},
      {{"Ada", "{} is", " \n", {}, {}}, errors::target},    {{"Ada", "{} is", long_target, {}, {}}, errors::target},
      {{"Ada", long_prompt, "x", {}, {}}, errors::context},
  };
  for (const auto& [request, id] : bad) {
    const auto set = build_contexts(model, request, {});
    ASSERT_FALSE(set) << id.name;
    EXPECT_EQ(set.error().id, id.name) << set.error().message();
    EXPECT_EQ(set.error().code, ErrorCode::usage);
  }
}

}  // namespace
}  // namespace mobiedit
