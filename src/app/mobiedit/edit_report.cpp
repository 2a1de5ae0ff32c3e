#include "app/mobiedit/edit_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

#include "app/common/console.h"
#include "mobiedit/base/prompt.h"
#include "mobiedit/eval/measure.h"
#include "store/timestamp.h"

namespace mobiedit::cli {
namespace {

std::string probe_text(const char* mark, const ProbeResult& probe) {
  return fmt::format(
      "  {} {} {} -> {}\n", probe.as_wanted ? "ok" : "--", mark, probe.prompt + " ...",
      trimmed(probe.after) + (probe.before == probe.after ? " (as before)" : " (was " + trimmed(probe.before) + ")"));
}

/// The option that sets the limit which an edit did not pass.
const char* option_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::norm:
      return " (--max-norm)";
    case Refusal::drift:
      return " (--max-drift)";
    case Refusal::total_drift:
      return " (--max-total-drift)";
    case Refusal::damage:
      return " (--max-divergence)";
    default:
      return "";
  }
}

}  // namespace

std::string state_text(const EditInfo& edit) {
  if (!edit.enabled) return "disabled";
  if (edit.replaced_by) return fmt::format("replaced by {}", *edit.replaced_by);
  return "in force";
}

std::string fact_text(const EditInfo& edit) {
  return filled_prompt(edit.prompt, edit.subject) + " ... " + edit.target_new;
}

std::string time_text(std::int64_t seconds) {
  std::string text = to_timestamp(seconds).substr(0, 16);
  text[10] = ' ';
  return text;
}

std::string why_not(const Outcome& outcome) {
  return outcome.why_not + option_of(outcome.refusal);
}

std::string evidence_text(const Edit& edit) {
  const EditEvidence& evidence = edit.evidence;
  std::string text =
      fmt::format("{} ...\n  before   {:<24} P({}) {:.4f}\n  after    {:<24} P({}) {:.4f}\n",
                  filled_prompt(edit.request.prompt, edit.request.subject), trimmed(evidence.answer_before),
                  edit.request.target_new, evidence.target_probability_before, trimmed(evidence.answer_after),
                  edit.request.target_new, evidence.target_probability_after);
  for (const ProbeResult& probe : evidence.paraphrases) text += probe_text("paraphrase", probe);
  for (const ProbeResult& probe : evidence.keep) text += probe_text("keep      ", probe);
  text += fmt::format("  {} evaluations, {:.2f} s, layer {}, ", evidence.evaluations, evidence.seconds, evidence.layer);
  text += std::holds_alternative<Neuron>(edit.update)
              ? "a neuron beside the weights\n"
              : fmt::format("change of the weight {:.1f} %\n", 100 * evidence.update_norm_ratio);
  if (evidence.wordings > 0)
    text += fmt::format("  the model had no answer of its own: taught behind {} general wordings too (--sure)\n",
                        evidence.wordings);
  if (evidence.perplexity_before > 0) {
    text += fmt::format("  perplexity of other text {:.2f} -> {:.2f} ({:+.2f} %)\n", evidence.perplexity_before,
                        evidence.perplexity_after, 100 * (evidence.perplexity_after / evidence.perplexity_before - 1));
  }
  return text;
}

std::string written_text(const WrittenFile& file, bool asked) {
  return fmt::format("{}  {}, read back and {}\n", file.path.string(), human_bytes(file.bytes),
                     asked ? "asked again" : "equal to the store; no edit was asked");
}

namespace {

std::string damage_text(const Outcome& outcome) {
  if (!outcome.damage) return {};
  const Damage& d = *outcome.damage;
  std::string text = fmt::format("  change of other answers and text {:.4f} nats per token", d.divergence());
  if (d.answers > 0)
    text +=
        fmt::format("; {} of {} chat answers repeat themselves ({} before)", d.looping, d.answers, d.looping_before);
  return text + "\n";
}

/// The first line of an answer.
std::string line_of(const std::string& answer) {
  const std::string text = trimmed(answer);
  const std::size_t end = text.find('\n');
  return end == std::string::npos ? text : text.substr(0, end) + " ...";
}

std::string words_text(const AnswerInWords& answer) {
  const char* form = answer.form == AnswerForm::statement       ? "statement    "
                     : answer.form == AnswerForm::other_wording ? "other wording"
                                                                : "in chat      ";
  const bool question = answer.form == AnswerForm::chat;
  const std::string after = line_of(answer.after), before = line_of(answer.before);
  return fmt::format("  {} {} {}{} -> {}{}{}\n", answer.as_wanted ? "ok" : "--", form, answer.prompt,
                     question ? "" : " ...", after, after == before ? " (as before)" : " (was " + before + ")",
                     answer.repeats ? " (repeats itself)" : "");
}

}  // namespace

std::string edit_text(const Outcome& outcome) {
  std::string text = evidence_text(outcome.edit);
  for (const AnswerInWords& answer : outcome.answers) text += words_text(answer);
  for (const SameSubject& other : outcome.same_subject) {
    text += fmt::format("  {} same subject {} {}{}\n", other.after ? "ok" : "--",
                        filled_prompt(other.request.prompt, other.request.subject) + " ...", other.request.target_new,
                        other.after             ? ""
                        : other.before == false ? " (nor before)"
                                                : " (LOST)");
  }
  text += damage_text(outcome);
  if (!outcome.kept) text += "  NOT KEPT: " + why_not(outcome) + "\n";
  if (outcome.edit.id > 0) text += fmt::format("  kept as edit {}", outcome.edit.id);
  if (outcome.edit.id > 0 && !outcome.replaces.empty())
    text += fmt::format(", in place of edit {}", fmt::join(outcome.replaces, ", "));
  if (outcome.edit.id > 0) text += "\n";
  return text;
}

}  // namespace mobiedit::cli
