#include "mobiedit/eval/measure.h"

#include <gtest/gtest.h>

#include <memory>

#include "mobiedit/base/prompt.h"
#include "unit/bundled_model.h"

namespace mobiedit {
namespace {

class Measuring : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { model_ = new_model(); }
  static void TearDownTestSuite() { model_.reset(); }
  static std::unique_ptr<Model> new_model() {
    return std::make_unique<Model>(test::open_bundled_model(Precision::automatic));
  }
  static FactRecord eiffel() {
    FactRecord fact;
    fact.subject = "Eiffel Tower";
    fact.prompt = "{} is located in";
    fact.target_new = "Rome";
    fact.target_true = "Paris";
    fact.paraphrases = {"Eiffel Tower can be found in"};
    fact.neighbours = {{"Notre Dame de Paris is located in", "Paris"}, {"no truth is known of", ""}};
    fact.where = "facts.jsonl:1";
    return fact;
  }
  static std::unique_ptr<Model> model_;
};
std::unique_ptr<Model> Measuring::model_;

TEST_F(Measuring, ScoresTheAnswerAlone) {
  const Tokenizer& tokenizer = model_->tokenizer();
  for (const char* target : {"Rome", "the Archbishop of York", "x"}) {
    const ScoredText text = scored_answer(tokenizer, "Eiffel Tower is located in", target);
    ASSERT_GT(text.first, 0);
    ASSERT_LT(text.first, static_cast<int>(text.tokens.size()));
    const auto answer = std::span(text.tokens).subspan(static_cast<std::size_t>(text.first));
    EXPECT_EQ(tokenizer.decode(answer), std::string(" ") + target);
  }
}

TEST_F(Measuring, KnowsWhatTheModelKnows) {
  auto session = Session::create(*model_);
  ASSERT_TRUE(session);
  const auto outcome = measure_fact(*session, model_->tokenizer(), eiffel());
  ASSERT_TRUE(outcome) << outcome.error().message();
  ASSERT_TRUE(outcome->rewrite);
  EXPECT_GT(outcome->rewrite->target_true, outcome->rewrite->target_new);
  EXPECT_FALSE(outcome->exact);
  ASSERT_EQ(outcome->paraphrases.size(), 1u);
  EXPECT_GT(outcome->paraphrases[0].target_true, outcome->paraphrases[0].target_new);
  EXPECT_EQ(outcome->paraphrase_exact, std::vector<bool>{false});
  ASSERT_EQ(outcome->neighbours.size(), 1u);  // the other has nothing to be compared with
  EXPECT_GT(outcome->neighbours[0].target_true, outcome->neighbours[0].target_new);
}

TEST_F(Measuring, ExactIsWhatGreedyGenerationSays) {
  auto session = Session::create(*model_);
  ASSERT_TRUE(session);
  FactRecord fact = eiffel();
  const auto answer = greedy_answer(*session, model_->tokenizer(), filled_prompt(fact.prompt, fact.subject), "Paris");
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, "Paris");
  fact.target_new = "Paris";
  fact.target_true.clear();
  const auto outcome = measure_fact(*session, model_->tokenizer(), fact);
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->exact);
  EXPECT_FALSE(outcome->rewrite);
  EXPECT_TRUE(outcome->paraphrases.empty());
  EXPECT_EQ(outcome->paraphrase_exact, std::vector<bool>{true});
}

TEST_F(Measuring, NamesTheRecordThatCannotBeMeasured) {
  auto session = Session::create(*model_);
  ASSERT_TRUE(session);
  FactRecord fact = eiffel();
  for (int i = 0; i < 2000; ++i) fact.paraphrases[0] += " so";
  const auto outcome = measure_fact(*session, model_->tokenizer(), fact);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().where, "facts.jsonl:1");
}

TEST(Locality, IsTheShareOfTokensThatStay) {
  FactOutcome before, after;
  before.neighbour_tokens = {{1, 2, 3, 4}, {5}, {}};
  after.neighbour_tokens = {{1, 9, 3, 9}, {5}, {}};
  compare_neighbours(before, after);
  EXPECT_EQ(after.locality, (std::vector<double>{0.5, 1.0}));
  EXPECT_EQ(summarise({&after, 1}).metrics.locality, 75.0);
  EXPECT_FALSE(summarise({&before, 1}).metrics.locality);
}

}  // namespace
}  // namespace mobiedit
