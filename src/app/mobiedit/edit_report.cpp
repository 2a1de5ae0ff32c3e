#include "app/mobiedit/edit_report.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "app/common/console.h"
#include "mobiedit/eval/measure.h"

namespace mobiedit::cli {
namespace {

using Json = nlohmann::ordered_json;

Json probes_json(const std::vector<ProbeResult>& probes) {
  Json list = Json::array();
  for (const ProbeResult& probe : probes) {
    list.push_back({{"prompt", probe.prompt},
                    {"before", trimmed(probe.before)},
                    {"after", trimmed(probe.after)},
                    {"as_wanted", probe.as_wanted}});
  }
  return list;
}

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
    default:
      return "";
  }
}

std::string why_not(const Outcome& outcome) {
  return outcome.why_not + option_of(outcome.refusal);
}

}  // namespace

Json evidence_json(const Edit& edit) {
  const EditEvidence& evidence = edit.evidence;
  return {{"evaluations", evidence.evaluations},
          {"general_wordings", evidence.wordings},
          {"seconds", evidence.seconds},
          {"target_probability",
           {{"before", evidence.target_probability_before}, {"after", evidence.target_probability_after}}},
          {"answer", {{"before", trimmed(evidence.answer_before)}, {"after", trimmed(evidence.answer_after)}}},
          {"delta_norm_ratio", evidence.delta_norm_ratio},
          {"update_norm_ratio", evidence.update_norm_ratio},
          {"layer", evidence.layer},
          {"steps", evidence.steps},
          {"loss", evidence.loss},
          {"perplexity", evidence.perplexity_before > 0
                             ? Json{{"before", evidence.perplexity_before}, {"after", evidence.perplexity_after}}
                             : Json()},
          {"paraphrases", probes_json(evidence.paraphrases)},
          {"keep", probes_json(evidence.keep)}};
}

Json edit_json(const Outcome& outcome) {
  const Edit& edit = outcome.edit;
  Json json{{"id", outcome.edit.id > 0 ? Json(outcome.edit.id) : Json()},
            {"subject", edit.request.subject},
            {"prompt", edit.request.prompt},
            {"target_new", edit.request.target_new},
            {"success", outcome.kept},
            {"why_not", outcome.kept ? Json() : Json(why_not(outcome))},
            {"replaces", outcome.replaces}};
  json["same_subject"] = Json::array();
  for (const SameSubject& other : outcome.same_subject) {
    json["same_subject"].push_back({{"id", other.id > 0 ? Json(other.id) : Json()},
                                    {"prompt", other.request.prompt},
                                    {"target_new", other.request.target_new},
                                    {"before", other.before ? Json(*other.before) : Json()},
                                    {"after", other.after}});
  }
  json.update(evidence_json(edit));
  return json;
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

Json origin_json(const EditOrigin& origin) {
  Json settings = Json::object();
  for (const MethodSetting& setting : origin.settings) settings[setting.name] = setting.value;
  const auto known = [](bool is_known, Json value) { return is_known ? std::move(value) : Json(); };
  return {{"method", origin.method},
          {"values", known(!origin.value_search.empty(), origin.value_search)},
          {"seed", origin.seed},
          {"max_evaluations", known(origin.max_evaluations > 0, origin.max_evaluations)},
          {"clamp", known(origin.clamp > 0, origin.clamp)},
          {"confidence_threshold", origin.confidence_threshold ? Json(*origin.confidence_threshold) : Json()},
          {"fisher_metric", origin.fisher_metric},
          {"settings", std::move(settings)},
          {"layer_choice", known(!origin.layer_choice.empty(), origin.layer_choice)},
          {"statistics", origin.statistics_name.empty()
                             ? Json()
                             : Json{{"name", origin.statistics_name}, {"hash", origin.statistics_hash}}},
          {"edits_underneath", origin.edits_underneath}};
}

std::string written_text(const WrittenFile& file, bool asked) {
  return fmt::format("{}  {}, read back and {}\n", file.path.string(), human_bytes(file.bytes),
                     asked ? "asked again" : "equal to the store; no edit was asked");
}

std::string edit_text(const Outcome& outcome) {
  std::string text = evidence_text(outcome.edit);
  for (const SameSubject& other : outcome.same_subject) {
    text += fmt::format("  {} same subject {} {}{}\n", other.after ? "ok" : "--",
                        filled_prompt(other.request.prompt, other.request.subject) + " ...", other.request.target_new,
                        other.after             ? ""
                        : other.before == false ? " (nor before)"
                                                : " (LOST)");
  }
  if (!outcome.kept) text += "  NOT KEPT: " + why_not(outcome) + "\n";
  if (outcome.edit.id > 0) text += fmt::format("  kept as edit {}", outcome.edit.id);
  if (outcome.edit.id > 0 && !outcome.replaces.empty())
    text += fmt::format(", in place of edit {}", fmt::join(outcome.replaces, ", "));
  if (outcome.edit.id > 0) text += "\n";
  return text;
}

}  // namespace mobiedit::cli
