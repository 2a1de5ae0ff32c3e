#include "mobiedit/eval/metrics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace mobiedit {
namespace {

AnswerPair for_new() {
  return {-0.1, -3.0};
}
AnswerPair for_true() {
  return {-3.0, -0.1};
}

TEST(Metrics, AveragesWithinAFactBeforeOverFacts) {
  FactOutcome many;  // one of four paraphrases
  many.rewrite = for_new();
  many.paraphrases = {for_new(), for_true(), for_true(), for_true()};
  many.neighbours = {for_true(), for_new()};
  FactOutcome one;  // its only paraphrase
  one.rewrite = for_new();
  one.paraphrases = {for_new()};
  one.neighbours = {for_true()};
  const std::vector outcomes{many, one};

  const Metrics metrics = summarise(outcomes).metrics;
  EXPECT_DOUBLE_EQ(*metrics.efficacy, 100);
  EXPECT_DOUBLE_EQ(*metrics.generalisation, 62.5);  // (1/4 + 1) / 2, not 2/5
  EXPECT_DOUBLE_EQ(*metrics.specificity, 75);
  EXPECT_NEAR(*metrics.score, 3 / (1 / 100.0 + 1 / 62.5 + 1 / 75.0), 1e-9);
}

TEST(Metrics, MagnitudesAndUncertainty) {
  FactOutcome hit, miss;
  hit.rewrite = AnswerPair{std::log(0.75), std::log(0.25)};
  hit.neighbours = {{std::log(0.1), std::log(0.6)}};
  miss.rewrite = AnswerPair{std::log(0.1), std::log(0.2)};
  const Summary summary = summarise(std::vector{hit, miss, hit, hit});
  EXPECT_NEAR(*summary.metrics.efficacy_magnitude, 100 * (3 * 0.5 - 0.1) / 4, 1e-9);
  EXPECT_NEAR(*summary.metrics.specificity_magnitude, 50, 1e-9);
  EXPECT_FALSE(summary.metrics.generalisation_magnitude.has_value());
  // 1, 0, 1, 1: the sample variance is 0.25.
  EXPECT_NEAR(*summary.uncertainty.efficacy, 100 * 1.96 * std::sqrt(0.25 / 4), 1e-9);
  EXPECT_FALSE(summary.uncertainty.generalisation.has_value());
  EXPECT_FALSE(summarise(std::vector{hit}).uncertainty.efficacy.has_value());
}

TEST(Metrics, SaysNothingOfWhatWasNotMeasured) {
  FactOutcome outcome;
  outcome.rewrite = for_new();
  const Metrics metrics = summarise(std::vector{outcome}).metrics;
  EXPECT_TRUE(metrics.efficacy.has_value());
  EXPECT_FALSE(metrics.generalisation.has_value());
  EXPECT_FALSE(metrics.specificity.has_value());
  EXPECT_FALSE(metrics.score.has_value());
  EXPECT_FALSE(metrics.paraphrase_exact.has_value());
}

TEST(Metrics, ATieIsNoWin) {
  FactOutcome outcome;
  outcome.rewrite = AnswerPair{-1, -1};
  outcome.paraphrases = {{-1, -1}};
  outcome.neighbours = {{-1, -1}};
  const Metrics metrics = summarise(std::vector{outcome}).metrics;
  EXPECT_DOUBLE_EQ(*metrics.efficacy, 0);
  EXPECT_DOUBLE_EQ(*metrics.generalisation, 0);
  EXPECT_DOUBLE_EQ(*metrics.specificity, 0);
  EXPECT_DOUBLE_EQ(*metrics.score, 0);
}

TEST(Metrics, BatteryColumnsCountTheFactsThatHaveThem) {
  FactOutcome full, bare;
  full.free.chat = true;
  full.free.neighbours_kept = {true, false, false, false};
  full.free.looping = {false, true};
  const Summary summary = summarise(std::vector{full, bare, full});
  EXPECT_EQ(summary.find("chat_exact")->percent, 100);
  EXPECT_EQ(summary.find("chat_exact")->facts, 2);
  EXPECT_EQ(summary.find("neighbours_kept")->percent, 25);
  EXPECT_EQ(summary.find("looping")->percent, 50);
  EXPECT_FALSE(summary.find("negated")->percent);
  EXPECT_EQ(summary.find("negated")->facts, 0);
  EXPECT_EQ(summary.find("exact")->facts, 3);
}

TEST(Metrics, MedianAndNinetiethPercentile) {
  std::vector<FactOutcome> outcomes(10);
  for (int i = 0; i < 10; ++i) {
    outcomes[i].evaluations = 10 * (10 - i);
    outcomes[i].success = i < 7;
    outcomes[i].exact = i < 3;
  }
  const Summary summary = summarise(outcomes);
  EXPECT_EQ(summary.n, 10);
  EXPECT_DOUBLE_EQ(summary.evaluations.median, 55);
  EXPECT_DOUBLE_EQ(summary.evaluations.p90, 90);
  EXPECT_DOUBLE_EQ(summary.success_rate, 0.7);
  EXPECT_DOUBLE_EQ(*summary.metrics.exact, 30);

  outcomes.resize(1);
  EXPECT_DOUBLE_EQ(summarise(outcomes).evaluations.median, 100);
  EXPECT_DOUBLE_EQ(summarise(outcomes).evaluations.p90, 100);
  EXPECT_EQ(summarise({}).n, 0);
}

TEST(MetricTable, EveryRowHasANameOfItsOwnAndItsValue) {
  FactOutcome outcome;
  outcome.exact = true;
  const Summary summary = summarise(std::vector{outcome});
  ASSERT_EQ(summary.values.size(), all_metrics().size());
  for (std::size_t i = 0; i < all_metrics().size(); ++i) {
    const Metric& metric = all_metrics()[i];
    const MetricValue* found = summary.find(metric.name);
    ASSERT_NE(found, nullptr) << metric.name;
    EXPECT_EQ(found->metric, &metric) << metric.name;
    const auto own = metric.of != nullptr ? metric.of(outcome) : std::nullopt;
    EXPECT_EQ(found->percent.has_value(), own.has_value()) << metric.name;
    if (own) {
      EXPECT_DOUBLE_EQ(*found->percent, 100 * *own) << metric.name;
    }
  }
  EXPECT_EQ(summary.find("no such metric"), nullptr);
}

}  // namespace
}  // namespace mobiedit
