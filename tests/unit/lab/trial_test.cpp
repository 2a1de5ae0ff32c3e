#include "lab/study/trial.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace mobiedit {
namespace {

TEST(Trials, AreSummarisedBySettingInOrder) {
  const std::vector<Trial> trials{
      {"b", "panel", "line", 2.0, {{"seconds", 1}, {"ES", 100}}},
      {"a", {}, {}, {}, {{"seconds", 5}}},
      {"b", "panel", "line", 2.0, {{"seconds", 3}, {"ES", 0}}},
      {"b", "panel", "line", 2.0, {{"seconds", std::numeric_limits<double>::quiet_NaN()}}},
  };
  const auto summaries = summarise(trials);
  ASSERT_EQ(summaries.size(), 2u);
  EXPECT_EQ(summaries[0].setting, "b");
  EXPECT_EQ(summaries[0].panel, "panel");
  EXPECT_EQ(summaries[0].x, 2.0);
  const MeasureSummary* seconds = summaries[0].find("seconds");
  ASSERT_NE(seconds, nullptr);
  EXPECT_EQ(seconds->n, 2);
  EXPECT_DOUBLE_EQ(seconds->mean, 2);
  EXPECT_DOUBLE_EQ(seconds->spread.median, 2);
  // The deviation of {1, 3} is √2; of their mean, 1.
  ASSERT_TRUE(seconds->half_interval);
  EXPECT_NEAR(*seconds->half_interval, 1.96, 1e-12);
  EXPECT_FALSE(summaries[1].find("seconds")->half_interval);
  EXPECT_EQ(summaries[1].find("ES"), nullptr);
}

TEST(Trials, ScoreIsTheHarmonicMeanOfMeans) {
  const std::vector<Trial> trials{{"a", {}, {}, {}, {{"ES", 100}, {"PS", 100}, {"NS", 50}}},
                                  {"a", {}, {}, {}, {{"ES", 100}, {"PS", 0}, {"NS", 50}}}};
  const auto with_score = summarise(trials);
  const MeasureSummary* score = with_score[0].find("S");
  ASSERT_NE(score, nullptr);
  EXPECT_NEAR(score->mean, 3 / (1 / 100.0 + 1 / 50.0 + 1 / 50.0), 1e-9);
  const std::vector<Trial> no_neighbours{{"a", {}, {}, {}, {{"ES", 100}, {"PS", 100}}}};
  const auto without = summarise(no_neighbours);
  EXPECT_EQ(without[0].find("S"), nullptr);
}

TEST(Trials, MeasuresLeaveOutWhatTheFactDoesNotHave) {
  MeasuredEdit edit;
  edit.outcome.success = true;
  edit.outcome.exact = true;
  edit.outcome.evaluations = 7;
  edit.edit.evidence.tokens = 3;
  const auto all = measures_of(edit);
  const auto value = [&](std::string_view name) {
    for (const Measure& m : all)
      if (m.name == name) return m.value;
    return -1.0;
  };
  EXPECT_EQ(value("success"), 100);
  EXPECT_EQ(value("exact"), 100);
  EXPECT_EQ(value("evaluations"), 7);
  EXPECT_EQ(value("tokens"), 3);
  EXPECT_EQ(value("ES"), -1);
  edit.outcome.rewrite = AnswerPair{-2, -1};
  const auto with_truth = measures_of(edit);
  EXPECT_EQ(with_truth[1].name, "ES");
  EXPECT_EQ(with_truth[1].value, 0);
}

}  // namespace
}  // namespace mobiedit
