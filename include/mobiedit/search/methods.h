// Edit methods: a table of the value searches and mass edits, with everything that callers need to know of each.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mobiedit {

/// A setting of one method: its name in that method, and a value, as in {"probe", 0.1}.
struct MethodSetting {
  std::string name;
  double value = 0;

  bool operator==(const MethodSetting&) const = default;
};

enum class MethodKind : std::uint8_t {
  search,    ///< finds the change δ of one edit's value
  mass_edit  ///< writes many edits, whose δ a search has found, by one update
};

/// Numbers in which a method evaluates the model.
enum class MethodArithmetic : std::uint8_t {
  model,   ///< in the model's own numbers: integers where its weights are
  float32  ///< in float32, whatever the model's numbers
};

struct MethodInfo {
  std::string_view name;
  MethodKind kind = MethodKind::search;
  MethodArithmetic arithmetic = MethodArithmetic::model;
  int usual_evaluations = 0;      ///< limit at which nearly every search ends by itself; 0: it makes none
  bool needs_gradient = false;    ///< runs a backward pass, which holds weights of later layers in float32
  bool needs_statistics = false;  ///< Editor::set_statistics has to be called first
  bool projects_keys = false;     ///< writes in the null space of the key covariance
  double usual_clamp = 0;         ///< longest δ, in ‖v₀‖; 0: the model's (LayerChoice::clamp)
  int usual_layers = 1;           ///< consecutive layers that share each change
};

/// All methods, searches first, the best of each kind first. Lives as long as the program.
[[nodiscard]] std::span<const MethodInfo> all_methods();

/// Null for an unknown name.
[[nodiscard]] const MethodInfo* find_method(std::string_view name);

/// Names of the methods of one kind, in the table's order.
[[nodiscard]] std::vector<std::string> method_names(MethodKind kind);

/// The settings of a method with their defaults; empty for one without settings or an unknown one.
[[nodiscard]] std::vector<MethodSetting> method_settings(std::string_view method);

}  // namespace mobiedit
