// Value search: finds δ. A method is one file here and a row in methods.cpp; it sees an objective, never a model.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "mobiedit/search/methods.h"
#include "search/loss.h"
#include "search/objective.h"

namespace mobiedit {

struct SearchOptions {
  int max_evaluations = 800;
  std::uint64_t seed = 0;
  double clamp = 8;               ///< ‖δ‖ at most clamp·‖v₀‖
  std::vector<float> start = {};  ///< [d]: δ to begin with; empty: 0
};

struct SearchStep {
  int step = 0;
  int evaluations = 0;
  LossParts loss;
};
/// Called after each step; false stops the search with what it has.
using SearchProgress = std::function<bool(const SearchStep&)>;

struct SearchResult {
  std::vector<float> delta;  ///< [d]
  LossParts loss;            ///< parts of the loss at `delta`
  bool reached = false;      ///< every target is its row's most probable token, and the method's own bound is met
  int steps = 0;
  int evaluations = 0;  ///< made until `delta` was found
};

class ValueSearch {
 public:
  virtual ~ValueSearch() = default;
  /// True if `run` needs Objective::gradient() and refuses (usage) an objective without one.
  [[nodiscard]] virtual bool needs_gradient() const { return false; }
  /// Deterministic in (objective, options). Errors: those of the objective.
  [[nodiscard]] virtual Result<SearchResult> run(Objective& objective, const SearchOptions& options,
                                                 const SearchProgress& progress) const = 0;
};

/// How an objective's prompts differ.
enum class Prompts : std::uint8_t {
  alike,       ///< prompts that differ by the sentences before them
  unlike,      ///< prompts that differ by their wording too
  statements,  ///< as `unlike`; the first of two stages, and the second has more prompts
  subject      ///< statements and chat turns, with answers to preserve: the second stage, from the δ of the first
};

/// `settings` replace the method's defaults for such prompts. Errors: usage (an unknown name; a setting that the method
/// does not have or cannot take).
[[nodiscard]] Result<std::unique_ptr<ValueSearch>> make_search(std::string_view method,
                                                               std::span<const MethodSetting> settings = {},
                                                               Prompts prompts = Prompts::alike);

}  // namespace mobiedit
