// Seconds of whole edits: one sweep per property of an edit.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lab/bench/observer.h"
#include "lab/bench/peer.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"

namespace mobiedit {

struct EditSweeps {
  int threads = 0;
  int layer = 5;
  int repeats = 2;  ///< times that each edit is made; the best counts
  // The properties of an edit while another one is varied.
  int usual_evaluations = 150;
  int usual_contexts = 6;
  int usual_tokens = 2;
  std::vector<int> evaluations{10, 50, 150, 300};
  std::vector<int> contexts{1, 2, 4, 6};
  std::vector<int> tokens{1, 2, 4, 8};  ///< tokens of the target
};

/// Times one edit of the usual kind, and with `sweeps` one for each point of each sweep. Returns a document with
/// `model`, the peaks measured in the same run, `peer` (null: absent) and `cases`. Errors: those of Model::open and
/// Editor::edit.
[[nodiscard]] Result<nlohmann::ordered_json> measure_edits(const std::string& path, const EditSweeps& options,
                                                           bool sweeps, const Peer* peer, const BenchObserver& observer,
                                                           const CancelToken& cancel);

/// The document of `mobiedit-lab bench edit`. `models`: a list of documents of measure_edits.
[[nodiscard]] nlohmann::ordered_json edits_json(const nlohmann::ordered_json& models);

}  // namespace mobiedit
