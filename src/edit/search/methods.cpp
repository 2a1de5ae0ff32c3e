#include <array>

#include "edit/search/backprop.h"
#include "edit/search/mobiedit.h"
#include "edit/search/named_settings.h"
#include "edit/search/shortest.h"
#include "edit/search/subspace.h"
#include "edit/search/value_search.h"
#include "edit/search/zeroth_order.h"
#include "mobiedit/edit/editor.h"

namespace mobiedit {
namespace {

constexpr std::array<NamedSetting<SubspaceSettings>, 11> subspace_settings{{
    {"first_looks", &SubspaceSettings::first_looks, true},
    {"more_looks", &SubspaceSettings::more_looks, true},
    {"row_guesses", &SubspaceSettings::row_guesses},
    {"probe", &SubspaceSettings::probe, true},
    {"borrow", &SubspaceSettings::borrow},
    {"penalty", &SubspaceSettings::penalty},
    {"margin", &SubspaceSettings::margin},
    {"enough_margin", &SubspaceSettings::enough_margin},
    {"first_radius", &SubspaceSettings::first_radius, true},
    {"stall", &SubspaceSettings::stall},
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
    {"enough_margin", &ShortestSettings::enough_margin},
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

struct Method {
  std::string_view name;
  Made (*make)(std::span<const MethodSetting>, Prompts);
  std::vector<MethodSetting> (*settings)();
};
constexpr Method table[] = {
    {"subspace",
     [](std::span<const MethodSetting> s, Prompts prompts) {
       return made(subspace_settings, s, make_subspace_search,
                   prompts == Prompts::unlike ? subspace_for_unlike_prompts() : SubspaceSettings());
     },
     [] { return listed(subspace_settings); }},
    {"zo", [](std::span<const MethodSetting> s, Prompts) { return made(zo_settings, s, make_zeroth_order_search); },
     [] { return listed(zo_settings); }},
    {"backprop",
     [](std::span<const MethodSetting> s, Prompts) { return made(backprop_settings, s, make_backprop_search); },
     [] { return listed(backprop_settings); }},
    {"shortest",
     [](std::span<const MethodSetting> s, Prompts) { return made(shortest_settings, s, make_shortest_search); },
     [] { return listed(shortest_settings); }},
    {"mobiedit",
     [](std::span<const MethodSetting> s, Prompts) { return made(mobiedit_settings, s, make_mobiedit_search); },
     [] { return listed(mobiedit_settings); }},
};

}  // namespace

Result<std::unique_ptr<ValueSearch>> make_search(std::string_view method, std::span<const MethodSetting> settings,
                                                 Prompts prompts) {
  std::string known;
  for (const Method& m : table) {
    if (m.name == method) return m.make(settings, prompts);
    known += (known.empty() ? "" : ", ") + std::string(m.name);
  }
  return fail(ErrorCode::usage, "there is no method '" + std::string(method) + "'", {}, "there are " + known);
}

std::vector<std::string> methods() {
  std::vector<std::string> names;
  for (const Method& m : table) names.emplace_back(m.name);
  return names;
}

std::vector<MethodSetting> method_settings(std::string_view method) {
  for (const Method& m : table)
    if (m.name == method) return m.settings();
  return {};
}

}  // namespace mobiedit
