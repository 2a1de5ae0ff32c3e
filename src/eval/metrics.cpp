#include "mobiedit/eval/metrics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "eval/spread.h"

namespace mobiedit {
namespace {

/// A mean over facts that have something to say.
class Mean {
 public:
  void add(double value) {
    sum_ += value;
    square_ += value * value;
    ++count_;
  }
  [[nodiscard]] std::optional<double> percent() const {
    if (count_ == 0) return std::nullopt;
    return 100 * sum_ / count_;
  }
  [[nodiscard]] std::optional<double> half_interval() const {
    if (count_ < 2) return std::nullopt;
    const double variance = std::max(0.0, square_ - sum_ * sum_ / count_) / (count_ - 1);
    return 100 * 1.96 * std::sqrt(variance / count_);
  }

 private:
  double sum_ = 0, square_ = 0;
  int count_ = 0;
};

template <class List, class Predicate>
void add_share(Mean& mean, const List& list, Predicate holds) {
  if (list.empty()) return;
  const auto count = std::count_if(list.begin(), list.end(), holds);
  mean.add(static_cast<double>(count) / static_cast<double>(list.size()));
}

template <class List, class Value>
void add_mean(Mean& mean, const List& list, Value value) {
  if (list.empty()) return;
  double sum = 0;
  for (const auto& entry : list) sum += value(entry);
  mean.add(sum / static_cast<double>(list.size()));
}

bool new_wins(const AnswerPair& pair) {
  return pair.target_new > pair.target_true;
}
double lead(const AnswerPair& pair) {
  return std::exp(pair.target_new) - std::exp(pair.target_true);
}
bool true_wins(const AnswerPair& pair) {
  return pair.target_true > pair.target_new;
}

}  // namespace

std::optional<double> harmonic_mean(std::initializer_list<std::optional<double>> values) {
  double inverse = 0;
  for (const auto& value : values) {
    if (!value) return std::nullopt;
    if (*value <= 0) return 0.0;
    inverse += 1 / *value;
  }
  return static_cast<double>(values.size()) / inverse;
}

Spread spread(std::vector<double> values) {
  if (values.empty()) return {};
  std::ranges::sort(values);
  const std::size_t n = values.size();
  const double median = n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
  // Nearest rank, in integers: 0.9 * n in floating point can round up past the rank.
  return {median, values[(9 * n + 9) / 10 - 1]};
}

Summary summarise(std::span<const FactOutcome> outcomes) {
  Summary summary;
  summary.n = static_cast<int>(outcomes.size());
  Mean efficacy, generalisation, specificity, exact, paraphrase_exact;
  Mean rewrite_accuracy, paraphrase_accuracy, portability, locality;
  Mean fluency, fluency_before;
  Mean efficacy_lead, generalisation_lead, specificity_lead;
  std::vector<double> evaluations, seconds, integer_work, float_work;
  int successes = 0;
  for (const FactOutcome& outcome : outcomes) {
    if (outcome.rewrite) {
      efficacy.add(new_wins(*outcome.rewrite) ? 1 : 0);
      efficacy_lead.add(lead(*outcome.rewrite));
    }
    add_mean(generalisation_lead, outcome.paraphrases, lead);
    add_mean(specificity_lead, outcome.neighbours, [](const AnswerPair& pair) { return -lead(pair); });
    add_share(generalisation, outcome.paraphrases, new_wins);
    add_share(specificity, outcome.neighbours, true_wins);
    exact.add(outcome.exact ? 1 : 0);
    add_share(paraphrase_exact, outcome.paraphrase_exact, [](bool hit) { return hit; });
    const auto itself = [](double share) { return share; };
    rewrite_accuracy.add(outcome.rewrite_accuracy);
    add_mean(paraphrase_accuracy, outcome.paraphrase_accuracy, itself);
    add_mean(portability, outcome.portability, itself);
    add_mean(locality, outcome.locality, itself);
    if (outcome.fluency) fluency.add(*outcome.fluency);
    if (outcome.fluency_before) fluency_before.add(*outcome.fluency_before);
    evaluations.push_back(outcome.evaluations);
    seconds.push_back(outcome.seconds);
    integer_work.push_back(outcome.integer_work);
    float_work.push_back(outcome.float_work);
    if (outcome.success) ++successes;
  }
  Metrics& metrics = summary.metrics;
  metrics.efficacy = efficacy.percent();
  metrics.generalisation = generalisation.percent();
  metrics.specificity = specificity.percent();
  metrics.score = harmonic_mean({metrics.efficacy, metrics.generalisation, metrics.specificity});
  metrics.exact = exact.percent();
  metrics.paraphrase_exact = paraphrase_exact.percent();
  metrics.rewrite_accuracy = rewrite_accuracy.percent();
  metrics.paraphrase_accuracy = paraphrase_accuracy.percent();
  metrics.portability = portability.percent();
  metrics.locality = locality.percent();
  metrics.fluency = fluency.percent();
  metrics.fluency_before = fluency_before.percent();
  metrics.efficacy_magnitude = efficacy_lead.percent();
  metrics.generalisation_magnitude = generalisation_lead.percent();
  metrics.specificity_magnitude = specificity_lead.percent();
  summary.uncertainty = {efficacy.half_interval(), generalisation.half_interval(), specificity.half_interval(),
                         exact.half_interval(), paraphrase_exact.half_interval()};
  summary.evaluations = spread(std::move(evaluations));
  summary.seconds = spread(std::move(seconds));
  summary.integer_work = spread(std::move(integer_work));
  summary.float_work = spread(std::move(float_work));
  if (!outcomes.empty()) summary.success_rate = static_cast<double>(successes) / static_cast<double>(outcomes.size());
  return summary;
}

}  // namespace mobiedit
