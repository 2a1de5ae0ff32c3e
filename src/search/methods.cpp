// Method table: a search or mass edit is a row here.
#include "mobiedit/search/methods.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "search/backprop.h"
#include "search/method_table.h"
#include "search/mobiedit.h"
#include "search/named_settings.h"
#include "search/shortest.h"
#include "search/subspace.h"
#include "search/value_search.h"
#include "search/zeroth_order.h"

namespace mobiedit {
namespace {

constexpr std::array<NamedSetting<SubspaceSettings>, 19> subspace_settings{{
    {"initial_probes", &SubspaceSettings::initial_probes, true},
    {"probes", &SubspaceSettings::probes, true},
    {"hard_probes", &SubspaceSettings::hard_probes, true},
    {"hard_after", &SubspaceSettings::hard_after},
    {"gradient_probes", &SubspaceSettings::gradient_probes},
    {"probe_length", &SubspaceSettings::probe_length, true},
    {"cross_context_weight", &SubspaceSettings::cross_context_weight, true},
    {"probe_noise", &SubspaceSettings::probe_noise, true},
    {"memory", &SubspaceSettings::memory},
    {"penalty", &SubspaceSettings::penalty},
    {"caution", &SubspaceSettings::caution},
    {"margin", &SubspaceSettings::margin},
    {"stop_margin", &SubspaceSettings::stop_margin},
    {"hard_margin_share", &SubspaceSettings::hard_margin_share},
    {"initial_radius", &SubspaceSettings::initial_radius, true},
    {"min_improvement", &SubspaceSettings::min_improvement},
    {"patience", &SubspaceSettings::patience},
    {"min_gain", &SubspaceSettings::min_gain},
    {"logits_moved", &SubspaceSettings::logits_moved, true},
}};
constexpr std::array<NamedSetting<ZerothOrderSettings>, 7> zo_settings{{
    {"directions", &ZerothOrderSettings::directions, true},
    {"probe", &ZerothOrderSettings::probe, true},
    {"learning_rate", &ZerothOrderSettings::learning_rate},
    {"enough", &ZerothOrderSettings::enough},
    {"stale_prefix", &ZerothOrderSettings::stale_prefix},
    {"refresh_steps", &ZerothOrderSettings::refresh_steps},
    {"refresh_fall", &ZerothOrderSettings::refresh_fall},
}};
constexpr std::array<NamedSetting<BackpropSettings>, 4> backprop_settings{{
    {"learning_rate", &BackpropSettings::learning_rate},
    {"steps", &BackpropSettings::steps},
    {"enough", &BackpropSettings::enough},
    {"weight_decay", &BackpropSettings::weight_decay},
}};
constexpr std::array<NamedSetting<ShortestSettings>, 7> shortest_settings{{
    {"step", &ShortestSettings::step, true},
    {"margin", &ShortestSettings::margin},
    {"stop_margin", &ShortestSettings::stop_margin},
    {"penalty", &ShortestSettings::penalty},
    {"steps", &ShortestSettings::steps},
    {"shrink", &ShortestSettings::shrink},
    {"turns", &ShortestSettings::turns},
}};
constexpr std::array<NamedSetting<MobieditSettings>, 14> mobiedit_settings{{
    {"directions", &MobieditSettings::directions, true},
    {"probe", &MobieditSettings::probe, true},
    {"relative_probe", &MobieditSettings::relative_probe},
    {"average", &MobieditSettings::average},
    {"learning_rate", &MobieditSettings::learning_rate},
    {"cosine", &MobieditSettings::cosine},
    {"steps", &MobieditSettings::steps},
    {"test_every", &MobieditSettings::test_every},
    {"confidence", &MobieditSettings::confidence},
    {"weight_decay", &MobieditSettings::weight_decay},
    {"stale_prefix", &MobieditSettings::stale_prefix},
    {"refresh_steps", &MobieditSettings::refresh_steps},
    {"refresh_fall", &MobieditSettings::refresh_fall},
    {"static_activations", &MobieditSettings::static_activations},
}};

using Made = Result<std::unique_ptr<ValueSearch>>;

template <class Settings, std::size_t n>
Made made(const std::array<NamedSetting<Settings>, n>& known, std::span<const MethodSetting> wanted,
          std::unique_ptr<ValueSearch> (*make)(const Settings&), Settings settings = {}) {
  if (auto set = apply_settings(std::span<const NamedSetting<Settings>>(known), wanted, settings); !set)
    return std::unexpected(set.error());
  return make(settings);
}
template <class Settings, std::size_t n>
std::vector<MethodSetting> listed(const std::array<NamedSetting<Settings>, n>& known) {
  return list_settings(std::span<const NamedSetting<Settings>>(known));
}

// Lengths at which a step is tried, in one pass.
constexpr int lengths_at_once = 4;

using Passes = std::vector<SearchPasses>;

Passes steps_only(int evaluations, Prompts) {
  return {{evaluations, lengths_at_once, false}};
}

// Probes before the first step, and again after every second step.
Passes subspace_passes(int evaluations, Prompts prompts) {
  const SubspaceSettings usual = subspace_settings_for(prompts);
  const int first = std::min(usual.initial_probes, std::max(evaluations - 1, 0));
  const int steps = (evaluations - 1 - first) * 2 * lengths_at_once / (2 * lengths_at_once + usual.probes);
  return {{1, 1, false}, {evaluations - 1 - steps, 1, true}, {steps, lengths_at_once, false}};
}

struct Method {
  MethodInfo info;
  Made (*make)(std::span<const MethodSetting>, Prompts) = nullptr;  // null: no search
  std::vector<MethodSetting> (*settings)() = [] { return std::vector<MethodSetting>(); };
  Passes (*passes)(int evaluations, Prompts) = [](int, Prompts) { return Passes(); };
};
constexpr Method table[] = {
    {{.name = "subspace", .usual_evaluations = 800},
     [](std::span<const MethodSetting> s, Prompts prompts) {
       return made(subspace_settings, s, make_subspace_search, subspace_settings_for(prompts));
     },
     [] { return listed(subspace_settings); },
     subspace_passes},
    {{.name = "zo", .usual_evaluations = 4000},
     [](std::span<const MethodSetting> s, Prompts) { return made(zo_settings, s, make_zeroth_order_search); },
     [] { return listed(zo_settings); },
     steps_only},
    {{.name = "backprop", .arithmetic = MethodArithmetic::float32, .usual_evaluations = 800, .needs_gradient = true},
     [](std::span<const MethodSetting> s, Prompts) { return made(backprop_settings, s, make_backprop_search); },
     [] { return listed(backprop_settings); },
     steps_only},
    {{.name = "shortest", .arithmetic = MethodArithmetic::float32, .usual_evaluations = 800, .needs_gradient = true},
     [](std::span<const MethodSetting> s, Prompts) { return made(shortest_settings, s, make_shortest_search); },
     [] { return listed(shortest_settings); },
     steps_only},
    // 600 published steps of 10 evaluations each, and their tests.
    {{.name = "mobiedit", .usual_evaluations = 6100},
     [](std::span<const MethodSetting> s, Prompts) { return made(mobiedit_settings, s, make_mobiedit_search); },
     [] { return listed(mobiedit_settings); },
     steps_only},
    {{.name = "memit", .kind = MethodKind::mass_edit, .usual_clamp = 4, .usual_layers = 3}},
    {{.name = "alphaedit",
      .kind = MethodKind::mass_edit,
      .needs_statistics = true,
      .projects_keys = true,
      .usual_clamp = 4,
      .usual_layers = 3}},
};

constexpr auto infos = [] {
  std::array<MethodInfo, std::size(table)> all;
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = table[i].info;
  return all;
}();

const Method* row_of(std::string_view name) {
  const auto* found = std::ranges::find(table, name, [](const Method& m) { return m.info.name; });
  return found == std::end(table) ? nullptr : found;
}

}  // namespace

Result<std::unique_ptr<ValueSearch>> make_search(std::string_view method, std::span<const MethodSetting> settings,
                                                 Prompts prompts) {
  if (const Method* row = row_of(method); row != nullptr && row->make != nullptr) return row->make(settings, prompts);
  std::string known;
  for (const std::string& name : method_names(MethodKind::search)) known += (known.empty() ? "" : ", ") + name;
  return fail(ErrorCode::usage, "there is no method '" + std::string(method) + "'", {}, "there are " + known);
}

std::vector<SearchPasses> search_passes(std::string_view method, int evaluations, Prompts prompts) {
  const Method* row = row_of(method);
  return row != nullptr ? row->passes(evaluations, prompts) : Passes();
}

std::span<const MethodInfo> all_methods() {
  return infos;
}

const MethodInfo* find_method(std::string_view name) {
  const auto* found = std::ranges::find(infos, name, &MethodInfo::name);
  return found == infos.end() ? nullptr : found;
}

std::vector<std::string> method_names(MethodKind kind) {
  std::vector<std::string> names;
  for (const MethodInfo& info : infos)
    if (info.kind == kind) names.emplace_back(info.name);
  return names;
}

std::vector<MethodSetting> method_settings(std::string_view method) {
  const Method* row = row_of(method);
  return row != nullptr ? row->settings() : std::vector<MethodSetting>();
}

}  // namespace mobiedit
