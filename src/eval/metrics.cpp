#include "mobiedit/eval/metrics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "eval/spread.h"

namespace mobiedit {
namespace {

/// Mean over the facts that have a value.
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
  [[nodiscard]] int count() const { return count_; }
  [[nodiscard]] std::optional<double> half_interval() const {
    if (count_ < 2) return std::nullopt;
    const double variance = std::max(0.0, square_ - sum_ * sum_ / count_) / (count_ - 1);
    return 100 * 1.96 * std::sqrt(variance / count_);
  }

 private:
  double sum_ = 0, square_ = 0;
  int count_ = 0;
};

// The mean of `value` over a list; nothing for an empty one.
template <class List, class Value>
std::optional<double> mean_of(const List& list, Value value) {
  if (list.empty()) return std::nullopt;
  double sum = 0;
  for (const auto& entry : list) sum += value(entry);
  return sum / static_cast<double>(list.size());
}

// The share of a list for which `holds`; nothing for an empty one.
template <class List, class Predicate>
std::optional<double> share_of(const List& list, Predicate holds) {
  return mean_of(list, [&](const auto& entry) { return holds(entry) ? 1.0 : 0.0; });
}

// The share of a list that is true.
std::optional<double> share_of(const std::vector<bool>& verdicts) {
  return share_of(verdicts, [](bool verdict) { return verdict; });
}

std::optional<double> share_of(const std::optional<bool>& verdict) {
  if (!verdict) return std::nullopt;
  return *verdict ? 1.0 : 0.0;
}

double itself(double share) {
  return share;
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

constexpr Metric metric_table[] = {
    {.name = "ES",
     .interval = true,
     .of = [](const FactOutcome& o) -> std::optional<double> {
       if (!o.rewrite) return std::nullopt;
       return new_wins(*o.rewrite) ? 1.0 : 0.0;
     }},
    {.name = "PS", .interval = true, .of = [](const FactOutcome& o) { return share_of(o.paraphrases, new_wins); }},
    {.name = "NS", .interval = true, .of = [](const FactOutcome& o) { return share_of(o.neighbours, true_wins); }},
    {.name = "S"},  // the harmonic mean of the three above
    {.name = "exact",
     .interval = true,
     .of = [](const FactOutcome& o) -> std::optional<double> { return o.exact ? 1.0 : 0.0; }},
    {.name = "paraphrase_exact",
     .interval = true,
     .of = [](const FactOutcome& o) { return share_of(o.paraphrase_exact); }},
    {.name = "rewrite_accuracy",
     .of = [](const FactOutcome& o) -> std::optional<double> { return o.rewrite_accuracy; }},
    {.name = "rephrase_accuracy", .of = [](const FactOutcome& o) { return mean_of(o.paraphrase_accuracy, itself); }},
    {.name = "portability", .of = [](const FactOutcome& o) { return mean_of(o.portability, itself); }},
    {.name = "locality", .of = [](const FactOutcome& o) { return mean_of(o.locality, itself); }},
    {.name = "fluency", .of = [](const FactOutcome& o) { return o.fluency; }},
    {.name = "fluency_before", .of = [](const FactOutcome& o) { return o.fluency_before; }},
    {.name = "EM",
     .group = MetricGroup::magnitudes,
     .of = [](const FactOutcome& o) -> std::optional<double> {
       if (!o.rewrite) return std::nullopt;
       return lead(*o.rewrite);
     }},
    {.name = "PM",
     .group = MetricGroup::magnitudes,
     .of = [](const FactOutcome& o) { return mean_of(o.paraphrases, lead); }},
    {.name = "NM",
     .group = MetricGroup::magnitudes,
     .of = [](const FactOutcome& o) { return mean_of(o.neighbours, [](const AnswerPair& p) { return -lead(p); }); }},
    {.name = "neighbours_kept",
     .group = MetricGroup::battery,
     .of = [](const FactOutcome& o) { return share_of(o.free.neighbours_kept); }},
    {.name = "same_subject_kept",
     .group = MetricGroup::battery,
     .of = [](const FactOutcome& o) { return share_of(o.free.same_subject_kept); }},
    {.name = "chat_exact",
     .group = MetricGroup::battery,
     .of = [](const FactOutcome& o) { return share_of(o.free.chat); }},
    {.name = "chat_target_alone",
     .group = MetricGroup::battery,
     .of = [](const FactOutcome& o) { return share_of(o.free.chat_target_alone); }},
    {.name = "chat_other_form",
     .group = MetricGroup::battery,
     .of = [](const FactOutcome& o) { return share_of(o.free.chat_other_form); }},
    {.name = "chat_ended",
     .group = MetricGroup::battery,
     .of = [](const FactOutcome& o) { return share_of(o.free.chat_ended); }},
    {.name = "negated",
     .group = MetricGroup::battery,
     .of = [](const FactOutcome& o) { return share_of(o.free.negated); }},
    {.name = "multiple_choice",
     .group = MetricGroup::battery,
     .of = [](const FactOutcome& o) { return share_of(o.free.multiple_choice); }},
    {.name = "distracted",
     .group = MetricGroup::battery,
     .of = [](const FactOutcome& o) { return share_of(o.free.distracted); }},
    {.name = "looping",
     .group = MetricGroup::battery,
     .of = [](const FactOutcome& o) { return share_of(o.free.looping); }},
};

}  // namespace

std::span<const Metric> all_metrics() {
  return metric_table;
}

const MetricValue* Summary::find(std::string_view name) const {
  const auto found = std::ranges::find(values, name, [](const MetricValue& v) { return v.metric->name; });
  return found == values.end() ? nullptr : &*found;
}

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
  for (const Metric& metric : metric_table) {
    Mean mean;
    for (const FactOutcome& outcome : outcomes)
      if (const auto value = metric.of != nullptr ? metric.of(outcome) : std::nullopt) mean.add(*value);
    summary.values.push_back({&metric, mean.percent(), mean.half_interval(), mean.count()});
  }
  const auto percent = [&](std::string_view name) { return summary.find(name)->percent; };
  const auto half_interval = [&](std::string_view name) { return summary.find(name)->half_interval; };
  Metrics& metrics = summary.metrics;
  metrics.efficacy = percent("ES");
  metrics.generalisation = percent("PS");
  metrics.specificity = percent("NS");
  metrics.score = harmonic_mean({metrics.efficacy, metrics.generalisation, metrics.specificity});
  std::ranges::find(summary.values, "S", [](const MetricValue& v) { return v.metric->name; })->percent = metrics.score;
  metrics.exact = percent("exact");
  metrics.paraphrase_exact = percent("paraphrase_exact");
  metrics.rewrite_accuracy = percent("rewrite_accuracy");
  metrics.paraphrase_accuracy = percent("rephrase_accuracy");
  metrics.portability = percent("portability");
  metrics.locality = percent("locality");
  metrics.fluency = percent("fluency");
  metrics.fluency_before = percent("fluency_before");
  metrics.efficacy_magnitude = percent("EM");
  metrics.generalisation_magnitude = percent("PM");
  metrics.specificity_magnitude = percent("NM");
  summary.uncertainty = {half_interval("ES"), half_interval("PS"), half_interval("NS"), half_interval("exact"),
                         half_interval("paraphrase_exact")};

  std::vector<double> evaluations, seconds, integer_work, float_work;
  int successes = 0;
  for (const FactOutcome& outcome : outcomes) {
    evaluations.push_back(outcome.evaluations);
    seconds.push_back(outcome.seconds);
    integer_work.push_back(outcome.integer_work);
    float_work.push_back(outcome.float_work);
    if (outcome.success) ++successes;
  }
  summary.evaluations = spread(std::move(evaluations));
  summary.seconds = spread(std::move(seconds));
  summary.integer_work = spread(std::move(integer_work));
  summary.float_work = spread(std::move(float_work));
  if (!outcomes.empty()) summary.success_rate = static_cast<double>(successes) / static_cast<double>(outcomes.size());
  return summary;
}

}  // namespace mobiedit
