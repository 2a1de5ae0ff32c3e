// Mass edit: settings for writing many edits at once (MEMIT, AlphaEdit).
#pragma once

#include <string>

namespace mobiedit {

struct MassEditOptions {
  std::string method = "memit";  ///< a mass edit of all_methods()
  double memit_ridge = 30;       ///< MEMIT's λ: weight of the covariance of running text against an edit's keys
  double alphaedit_ridge = 1;    ///< AlphaEdit's weight of the L2 penalty
  double alphaedit_share = 0.1;  ///< share of the keys' variance that AlphaEdit's null space may hold
  int layers = 1;  ///< spread each edit over this many layers, up to the edited one; at most EditOptions::layers
};

}  // namespace mobiedit
