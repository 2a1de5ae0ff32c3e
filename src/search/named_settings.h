// A method's settings by name, so that experiments and the command line can change them without knowing the method.
#pragma once

#include <cmath>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/search/methods.h"

namespace mobiedit {

/// A member of `Settings`, a struct of numbers and switches.
template <class Settings>
struct NamedSetting {
  std::string_view name;
  std::variant<double Settings::*, int Settings::*, bool Settings::*> member;
  bool above_zero = false;
};

template <class Settings>
[[nodiscard]] std::vector<MethodSetting> list_settings(std::span<const NamedSetting<Settings>> known) {
  static constexpr Settings defaults{};
  std::vector<MethodSetting> list;
  for (const auto& setting : known) {
    const auto value = [&](auto member) { return static_cast<double>(defaults.*member); };
    list.push_back({std::string(setting.name), std::visit(value, setting.member)});
  }
  return list;
}

/// Errors: usage (an unknown name, a value out of range, or no whole number where one is meant).
template <class Settings>
[[nodiscard]] Status apply_settings(std::span<const NamedSetting<Settings>> known,
                                    std::span<const MethodSetting> wanted, Settings& settings) {
  constexpr double largest = 1e6;
  for (const MethodSetting& w : wanted) {
    const NamedSetting<Settings>* found = nullptr;
    std::string names;
    for (const auto& setting : known) {
      names += (names.empty() ? "" : ", ") + std::string(setting.name);
      if (setting.name == w.name) found = &setting;
    }
    if (!found) return fail(ErrorCode::usage, "the method has no setting '" + w.name + "'", {}, "there are " + names);
    if (!(w.value >= 0 && w.value <= largest) || (found->above_zero && w.value == 0))
      return fail(ErrorCode::usage, "the setting '" + w.name + "' is to be " +
                                        (found->above_zero ? "above 0, at most 1e6" : "from 0 to 1e6"));
    const bool whole = w.value == std::floor(w.value);
    const auto put = [&]<class T>(T Settings::* member) {
      if (!std::is_same_v<T, double> && !whole) return false;
      settings.*member = static_cast<T>(w.value);
      return true;
    };
    if (!std::visit(put, found->member))
      return fail(ErrorCode::usage, "the setting '" + w.name + "' is to be a whole number");
  }
  return {};
}

}  // namespace mobiedit
