// Metrics of an edit (ES, PS, NS and others), from log-probabilities.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace mobiedit {

/// log P of both answers after one prompt; log P is the mean over the answer's tokens.
struct AnswerPair {
  double target_new = 0;
  double target_true = 0;
};

/// Verdicts of the battery on texts of free greedy generation. Empty where the record or the model has nothing to ask.
struct FreeAnswers {
  /// For each neighbour that the unedited model answers rightly: the model still does.
  std::vector<bool> neighbours_kept;
  /// For each other prompt about the subject: the answer's first word is as before.
  std::vector<bool> same_subject_kept;
  /// The prompt gives the target, although a sentence about the true answer stands before it.
  std::optional<bool> distracted;
  std::optional<bool> chat;               ///< the answer to the chat question names the target
  std::optional<bool> chat_target_alone;  ///< the answer names the target, and not the true answer
  std::optional<bool> chat_ended;         ///< the answer ends by itself
  /// For each other wording of the question: the answer names the target, and not the true answer.
  std::vector<bool> chat_other_form;
  std::optional<bool> negated;          ///< the answer to the negated question does not name the target
  std::optional<bool> multiple_choice;  ///< of the answers that the question offers, only the target is named
  std::vector<bool> looping;            ///< for each answer, and each text in the model's own words: it repeats itself
};

/// Measurements of one edited fact, with the edit in force.
struct FactOutcome {
  bool success = false;               ///< the search reached the target
  std::optional<AnswerPair> rewrite;  ///< none where the set names no true answer
  std::vector<AnswerPair> paraphrases;
  std::vector<AnswerPair> neighbours;
  bool exact = false;                  ///< greedy generation after the prompt gives the target
  std::vector<bool> paraphrase_exact;  ///< greedy generation after each paraphrase gives the target
  bool knows_true = false;             ///< greedy generation gives the true answer
  // Share of an answer's tokens that are the most probable next token, given those before (EasyEdit's accuracies).
  double rewrite_accuracy = 0;
  std::vector<double> paraphrase_accuracy, portability;
  std::vector<std::vector<int>>
      neighbour_tokens;                           ///< the most probable tokens at the places of each neighbour's answer
  std::vector<double> locality;                   ///< share of these tokens that the edit left unchanged
  std::optional<double> fluency, fluency_before;  ///< n-gram entropy of long continuations, with the edit and without
  FreeAnswers free;                               ///< measured by the battery alone
  int evaluations = 0;
  double seconds = 0;
  double integer_work = 0, float_work = 0;  ///< multiply-accumulates; see EditEvidence
};

/// Part of a summary's JSON that a metric belongs to.
enum class MetricGroup {
  metrics,
  magnitudes,
  battery,  ///< measured by the battery alone
};

/// One measure of edited facts. A new one is a row of the table in src/eval/metrics.cpp: summaries and their JSON then
/// have it.
struct Metric {
  std::string_view name;  ///< in JSON: "ES"
  MetricGroup group = MetricGroup::metrics;
  bool interval = false;  ///< JSON gives its half interval too
  /// Its value in one fact, mostly a share from 0 to 1; nothing where the fact has none. Null: derived from others.
  std::optional<double> (*of)(const FactOutcome& outcome) = nullptr;
};

/// Lives as long as the program.
[[nodiscard]] std::span<const Metric> all_metrics();

struct MetricValue {
  const Metric* metric = nullptr;       ///< a row of all_metrics()
  std::optional<double> percent;        ///< mean over the facts that have a value, times 100
  std::optional<double> half_interval;  ///< half of its 95 % confidence interval; nothing for fewer than two facts
  int facts = 0;                        ///< facts that have a value
};

/// Percentages; empty where nothing was measured. Prompts are averaged within a fact first, then over the facts
/// that have any, as CounterFact's own evaluation does.
struct Metrics {
  std::optional<double> efficacy;          ///< ES: P(new) > P(true) on the rewrite prompt
  std::optional<double> generalisation;    ///< PS: P(new) > P(true) on paraphrases
  std::optional<double> specificity;       ///< NS: P(true) > P(new) on neighbours
  std::optional<double> score;             ///< S: harmonic mean of the three; none unless all are there
  std::optional<double> exact;             ///< greedy generation equals the target
  std::optional<double> paraphrase_exact;  ///< greedy generation equals the target on paraphrases
  std::optional<double> rewrite_accuracy, paraphrase_accuracy, portability, locality;  ///< as FactOutcome has them
  std::optional<double> fluency, fluency_before;  ///< n-gram entropy in bits, times 100
  // Magnitudes: means of P(new) − P(true), on neighbours of P(true) − P(new). P is exp of the mean log-probability of
  // the tokens.
  std::optional<double> efficacy_magnitude, generalisation_magnitude, specificity_magnitude;  ///< EM, PM, NM
};

/// Half of a 95 % confidence interval, in per cent, of the mean over facts (normal approximation; none for fewer than
/// two facts).
struct Uncertainty {
  std::optional<double> efficacy, generalisation, specificity, exact, paraphrase_exact;
};

struct Spread {
  double median = 0;
  double p90 = 0;  ///< the smallest value that nine tenths do not exceed
};

struct Summary {
  int n = 0;
  std::vector<MetricValue> values;  ///< one value per metric, in the order of all_metrics()
  Metrics metrics;
  Uncertainty uncertainty;
  Spread evaluations;
  Spread seconds;
  Spread integer_work, float_work;
  double success_rate = 0;  ///< 0 to 1

  /// Null for an unknown name.
  [[nodiscard]] const MetricValue* find(std::string_view name) const;
};

[[nodiscard]] Summary summarise(std::span<const FactOutcome> outcomes);

}  // namespace mobiedit
