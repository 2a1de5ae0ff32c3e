#include "lab/study/summary_text.h"

#include <fmt/format.h>

#include <optional>

#include "base/human_bytes.h"
#include "io/peak_memory.h"

namespace mobiedit {
namespace {

std::string percent(const std::optional<double>& value) {
  return value ? fmt::format("{:.1f}", *value) : "-";
}

}  // namespace

std::string summary_text(const Summary& summary) {
  const Metrics& metrics = summary.metrics;
  const std::string fluency = metrics.fluency ? fmt::format("fluency           {:>7} bits x 100, {} before\n",
                                                            percent(metrics.fluency), percent(metrics.fluency_before))
                                              : "";
  return fmt::format(
      "success           {:>7.1f} %   greedy generation gives the new answer\n"
      "ES                {:>7} %   new answer more probable than the true one\n"
      "PS                {:>7} %   new answer more probable in other wordings\n"
      "NS                {:>7} %   true answer more probable for neighbours\n"
      "S                 {:>7} %   harmonic mean of the three\n"
      "exact             {:>7} %   on the prompt\n"
      "paraphrase exact  {:>7} %\n"
      "portability       {:>7} %   tokens of answers that follow from the new one\n"
      "locality          {:>7} %   tokens of neighbours' answers that stay\n"
      "{}"
      "evaluations       {:>7.0f}     median, p90 {:.0f}\n"
      "seconds           {:>7.2f}     median, p90 {:.2f}\n"
      "peak memory       {:>11}\n",
      100 * summary.success_rate, percent(metrics.efficacy), percent(metrics.generalisation),
      percent(metrics.specificity), percent(metrics.score), percent(metrics.exact), percent(metrics.paraphrase_exact),
      percent(metrics.portability), percent(metrics.locality), fluency, summary.evaluations.median,
      summary.evaluations.p90, summary.seconds.median, summary.seconds.p90, human_bytes(io::peak_memory()));
}

std::string sequence_text(const Sequence& sequence) {
  std::string text = fmt::format("{:>6} {:>7} {:>7} {:>7} {:>7} {:>7} {:>12} {:>9}\n", "edits", "ES", "PS", "NS", "S",
                                 "exact", "perplexity", "norm");
  const double before = sequence.perplexity_before;
  if (before > 0) text += fmt::format("{:>6} {:>52.2f}\n", 0, before);
  for (const SequencePoint& point : sequence.points) {
    const Metrics& m = point.summary.metrics;
    const std::string running =
        before > 0 ? fmt::format("{:.2f} {:+.1f}%", point.perplexity, 100 * (point.perplexity / before - 1)) : "-";
    text += fmt::format("{:>6} {:>7} {:>7} {:>7} {:>7} {:>7} {:>12} {:>9.2f}\n", point.edits, percent(m.efficacy),
                        percent(m.generalisation), percent(m.specificity), percent(m.score), percent(m.exact), running,
                        point.update_norm);
  }
  return text;
}

}  // namespace mobiedit
