// Answers in words: what is asked of a model after an edit, and how its answers are judged.
#include "workspace/answers_in_words.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "unit/bundled_model.h"
#include "unit/workspace/tiny_workspace.h"

namespace mobiedit {
namespace {

Outcome outcome_of(std::string subject, std::string prompt, std::string target) {
  Outcome outcome;
  outcome.kept = true;
  outcome.edit.request = {std::move(subject), std::move(prompt), std::move(target), {}, {}};
  return outcome;
}

class AnswersInWords : public testing::Test {
 protected:
  /// Asks without any edit in force, before or after.
  static void ask(const Model& model, Outcome& outcome) {
    Outcome* const one = &outcome;
    const auto done = answer_in_words(model, {.threads = 1}, {}, {}, {&one, 1}, {});
    ASSERT_TRUE(done) << done.error().message();
  }
};

TEST_F(AnswersInWords, AskTheStatementAndWordingsThatTheSearchDidNotRead) {
  const Model model = test::open_bundled_model(Precision::automatic);
  Outcome known = outcome_of("Eiffel Tower", "{} is located in", "Paris");
  ask(model, known);
  ASSERT_EQ(known.answers.size(), 3u) << "a model without a chat template is not asked in chat";
  EXPECT_EQ(known.answers[0].form, AnswerForm::statement);
  EXPECT_EQ(known.answers[0].prompt, "Eiffel Tower is located in");
  EXPECT_TRUE(known.answers[0].as_wanted) << known.answers[0].after;
  EXPECT_EQ(known.answers[0].before, known.answers[0].after) << "no edit is in force";
  EXPECT_EQ(known.answers[1].form, AnswerForm::other_wording);
  EXPECT_EQ(known.answers[1].prompt, "Eiffel Tower lies in");
  Outcome wrong = outcome_of("Eiffel Tower", "{} is located in", "Rome");
  ask(model, wrong);
  EXPECT_FALSE(wrong.answers[0].as_wanted);
  Outcome unknown = outcome_of("Eiffel Tower", "{} was painted by hand in", "Paris");
  ask(model, unknown);
  ASSERT_EQ(unknown.answers.size(), 2u);
  EXPECT_TRUE(unknown.answers[1].prompt.ends_with(". Eiffel Tower was painted by hand in"))
      << unknown.answers[1].prompt;
}

}  // namespace
}  // namespace mobiedit
