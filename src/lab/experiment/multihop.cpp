// Experiment multihop: questions that need more than one fact, after the edits of a case.
#include "lab/study/multihop.h"

#include "lab/experiment/experiment.h"

namespace mobiedit {
namespace {

constexpr const char* apart = "one after another";
constexpr const char* joint = "in one update";
constexpr double joint_clamp = 4;  // the limit of the method memit

std::vector<TrialSetting> multihop_settings(const EditOptions& base, int, int) {
  std::vector<TrialSetting> list;
  for (const char* way : {apart, joint}) {
    EditOptions edit = with_method(base, "subspace");
    if (way == joint && !edit.clamp) edit.clamp = joint_clamp;
    list.push_back({way, std::move(edit), {}, {}, {}});
  }
  return list;
}

/// Counts a case twice where the model knew every fact of it.
Result<std::vector<Trial>> measure_case(const TrialContext& context, const FactRecord& fact) {
  const bool together = context.setting.name == joint;
  const auto outcome = measure_multihop(context.editor, context.session, context.tokenizer, fact, {together},
                                        context.progress, context.cancel);
  if (!outcome) return std::unexpected(outcome.error());
  Trial trial{context.setting.name, {}, {}, {}, {}};
  trial.measures = {{"edits", static_cast<double>(outcome->edits)}, {"recall", 100 * outcome->recall},
                    {"multi-hop", 100 * outcome->answered},         {"multi-hop before", 100 * outcome->before},
                    {"old answer", 100 * outcome->old_answers},     {"old answer before", 100 * outcome->old_before},
                    {"known", outcome->known ? 100.0 : 0.0},        {"evaluations", outcome->evaluations}};
  std::vector<Trial> trials{trial};
  if (outcome->known) {
    trial.setting += ", facts that the model knew";
    trials.push_back(std::move(trial));
  }
  return trials;
}

}  // namespace

Experiment multihop_experiment() {
  return {
      "multihop",
      "Ask questions that take more than one fact, after the edits of a case; MQuAKE, or KnowEdit's Reasoning",
      multihop_settings,
      measure_case,
      {{{"edits", "edits", 1},
        {"recall", "edits answered", 1},
        {"multi-hop", "multi-hop", 1},
        {"multi-hop before", "before", 1},
        {"old answer", "old answer", 1},
        {"old answer before", "old before", 1},
        {"known", "all known", 1},
        {"evaluations", "evaluations", 0, 1, true}},
       {{"recall", "edits answered, per cent", {}, false, false},
        {"multi-hop", "multi-hop, per cent", {}, false, false}},
       {"A question counts if any of its wordings, by greedy generation, yields the new answer or another name of it. "
        "Before: the same without the edits; old answer: the one from before the edits, with and without them. All "
        "known: cases whose edited facts the model all knew."}},
      [](const FactRecord& fact) { return !fact.questions.empty(); }};
}

}  // namespace mobiedit
