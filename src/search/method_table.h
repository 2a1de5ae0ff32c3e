// Cost model of the search methods: how a search's evaluations are grouped into forward passes.
#pragma once

#include <string_view>
#include <vector>

#include "search/value_search.h"

namespace mobiedit {

/// Evaluations of one kind in a search.
struct SearchPasses {
  int evaluations = 0;
  int at_once = 1;      ///< evaluations per forward pass; as many probes as fit share a pass
  bool probes = false;  ///< Objective::probe, else Objective::evaluate
};

/// For a search of `evaluations` evaluations, its first included; they add up to that. Empty for a method that is no
/// search.
[[nodiscard]] std::vector<SearchPasses> search_passes(std::string_view method, int evaluations, Prompts prompts);

}  // namespace mobiedit
