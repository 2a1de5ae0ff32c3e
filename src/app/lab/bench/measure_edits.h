// How long whole edits take, against what they are of: one sweep for each property.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/lab/bench/bench_page.h"
#include "app/lab/bench/peer.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"

namespace mobiedit::cli {

struct EditSweeps {
  int threads = 0;
  int layer = 5;
  int repeats = 2;  ///< of each edit; the best counts
  /// What an edit has where something else is varied.
  int usual_evaluations = 150;
  int usual_contexts = 6;
  int usual_tokens = 2;
  std::vector<int> evaluations{10, 50, 150, 300};
  std::vector<int> contexts{1, 2, 4, 6};
  std::vector<int> tokens{1, 2, 4, 8};  ///< of the target
};

/// One edit of the usual kind, and with `sweeps` one for each point of each sweep. A document with `model`, the peaks
/// measured in the same run, `peer` (null: absent) and `cases`. Errors: those of Model::open and Editor::edit.
[[nodiscard]] Result<nlohmann::ordered_json> measure_edits(const std::string& path, const EditSweeps& options,
                                                           bool sweeps, const Peer* peer, const CancelToken& cancel);

/// The plots of what measure_edits gave for several models.
[[nodiscard]] std::vector<Plot> plots_of_edits(const nlohmann::ordered_json& models);

}  // namespace mobiedit::cli
