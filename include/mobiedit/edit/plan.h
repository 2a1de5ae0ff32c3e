// Plan: what an edit will cost, before it is made.
#pragma once

#include <cstdint>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/edit/request.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/model/config.h"
#include "mobiedit/model/model.h"

namespace mobiedit {

/// Multiply-accumulates, by arithmetic.
struct PlannedWork {
  double integer = 0;
  double floating = 0;
};

/// Forward passes of one shape: rows that go through layers [first, end) in one batch.
struct PlannedPass {
  enum class Phase { prepare, evaluate, measure };
  Phase phase = Phase::prepare;
  double times = 1;     ///< passes of this shape
  int evaluations = 0;  ///< evaluations per pass
  int rows = 0;
  int last_rows = 0;  ///< rows that need the output of the last layer, not only its keys and values
  int first = 0;
  int end = 0;
  int logit_rows = 0;   ///< rows that are multiplied with the output weight
  double attended = 0;  ///< pairs of a row and a position it attends to, per layer
  bool edits = false;   ///< passes the edited layer, whose down product is in floating point
};

/// Bytes.
struct EditMemory {
  std::uint64_t weights = 0;
  std::uint64_t edited_weight = 0;  ///< bytes of the edited weight in floating point
  std::uint64_t vocabulary = 0;
  std::uint64_t scratch = 0;
  std::uint64_t backward = 0;  ///< weights once more, for methods and metrics with a backward pass
  std::uint64_t program = 0;
  [[nodiscard]] std::uint64_t total() const {
    return weights + edited_weight + vocabulary + scratch + backward + program;
  }
};

struct EditPlan {
  int layer = 0;     ///< the edited layer
  int contexts = 0;  ///< the KL context included
  int rows = 0;      ///< rows of one evaluation
  int evaluations = 0;
  std::vector<PlannedPass> passes;
  EditMemory memory;
};

/// The most memory that edits of this model take at one time, as far as it is known before the model is loaded.
[[nodiscard]] EditMemory edit_memory(const gguf::File& file, const ModelConfig& config, const ModelOptions& model,
                                     const EditOptions& options);

/// Plans an edit of `evaluations` evaluations; in general wordings too if EditOptions::confidence_threshold is 1.
/// Without EditOptions::layer it takes the layer that Editor::create would: give it that of choose_layer or
/// settled_layer for a plan of such an edit. `model` may be loaded in part (ModelOptions::layers): only its tokenizer
/// is used, and the config of its file. Errors: usage as those of Editor::edit.
[[nodiscard]] Result<EditPlan> plan_edit(const Model& model, const ModelOptions& options, const EditOptions& edit,
                                         const EditRequest& request, int evaluations);

/// Work of one pass, `times` not counted. `quantised`: the model's products are in integers.
[[nodiscard]] PlannedWork work_of(const ModelConfig& config, const PlannedPass& pass, bool quantised);

}  // namespace mobiedit
