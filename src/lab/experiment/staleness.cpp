// Experiment staleness: the staleness of a prefix cache, and the cost of rules that refresh it.
#include <fmt/format.h>

#include "lab/experiment/experiment.h"
#include "lab/study/staleness_study.h"

namespace mobiedit {
namespace {

constexpr int lengths[] = {0, 10, 25, 50};

std::vector<TrialSetting> staleness_settings(const EditOptions& base, int, int) {
  std::vector<TrialSetting> list;
  for (const int words : lengths)
    list.push_back({fmt::format("cosine, {} words more", words),
                    with_method(base, "backprop"),
                    fmt::format("{} words more", words),
                    {},
                    static_cast<double>(words)});
  struct Rule {
    const char* name;
    std::vector<MethodSetting> settings;
  };
  // No loss falls by refresh_fall = 1e6; so the cache is refreshed after every step.
  const Rule rules[] = {
      {"exact", {{"stale_prefix", 0}}},
      {"read anew after every step", {{"stale_prefix", 1}, {"refresh_steps", 1}, {"refresh_fall", 1e6}}},
      {"the published rule", {{"stale_prefix", 1}}},
      {"never read anew", {{"stale_prefix", 1}, {"refresh_steps", 0}}}};
  for (const char* method : {"zo", "mobiedit"})
    for (const Rule& rule : rules) {
      EditOptions edit = with_method(base, method);
      edit.settings.insert(edit.settings.end(), rule.settings.begin(), rule.settings.end());
      list.push_back({fmt::format("{}, {}", method, rule.name), std::move(edit), {}, {}, {}});
    }
  return list;
}

Result<std::vector<Trial>> measure_staleness(const TrialContext& context, const FactRecord& fact) {
  const TrialSetting& setting = context.setting;
  if (!setting.x) return measure_edit(context, fact);
  const auto studied = study_staleness(context.editor, fact, static_cast<int>(*setting.x), context.cancel);
  if (!studied) return std::unexpected(studied.error());
  std::vector<Trial> trials;
  for (const Staleness& s : *studied)
    for (std::size_t i = 0; i < s.cosines.size(); ++i) {
      const int block = context.editor.layer() + 1 + static_cast<int>(i);
      trials.push_back({fmt::format("{}, block {}, step {}", setting.name, block, s.step),
                        setting.panel,
                        fmt::format("layer {}", block),
                        static_cast<double>(s.step),
                        {{"cosine", s.cosines[i]}}});
    }
  return trials;
}

}  // namespace

Experiment staleness_experiment() {
  return {
      "staleness",
      "See how stale cached tokens get, and what rules for reading them anew cost",
      staleness_settings,
      measure_staleness,
      {{{"cosine", "cosine", 4},
        {"success", "success", 1},
        {"S", "S", 1},
        {"evaluations", "evaluations", 0, 1, true},
        {"seconds", "seconds", 2, 1, true}},
       {{"cosine", "cosine of cached and fresh keys and values", "step of the search", true, false},
        {"success", "success, per cent", {}, false, false}},
       {"In a causal model tokens before the subject's last are never stale, in whatever block, nor is anything up to "
        "the "
        "edited layer: an exact cache of those costs no quality. The tokens whose staleness is measured stand between "
        "subject and target, and see the subject through attention; words more: so many of a made-up clause after the "
        "subject. A search by backprop moves the value, from 0 where the cache is made. Searches with a stale cache "
        "take "
        "these tokens' keys and values from an earlier step; the subject's last token and those whose logits are read "
        "are fresh. Only values are stale here: nothing is saved."}}};
}

}  // namespace mobiedit
