// What an edit will cost, before it is made.
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

/// Multiply-accumulates, by the precision that they run in.
struct PlannedWork {
  double integer = 0;
  double floating = 0;
};

/// Rows that pass through blocks [first, end) together.
struct PlannedPass {
  enum class Phase { prepare, evaluate, measure };
  Phase phase = Phase::prepare;
  double times = 1;     ///< how often
  int evaluations = 0;  ///< that one pass does
  int rows = 0;
  int last_rows = 0;  ///< that go on beyond keys and values in the last block
  int first = 0;
  int end = 0;
  int logit_rows = 0;  ///< that are multiplied with the output weight
  double looks = 0;    ///< positions that all rows look at together, in a block
  bool edits = false;  ///< passes the edited block, whose down-projection is in floating point
};

struct EditMemory {
  std::uint64_t weights = 0;
  std::uint64_t edited_weight = 0;  ///< in floating point
  std::uint64_t vocabulary = 0;
  std::uint64_t scratch = 0;
  std::uint64_t backward = 0;  ///< weights once more, for methods and metrics with a backward pass
  std::uint64_t program = 0;
  [[nodiscard]] std::uint64_t total() const {
    return weights + edited_weight + vocabulary + scratch + backward + program;
  }
};

struct EditPlan {
  int layer = 0;
  int contexts = 0;  ///< the KL prompt included
  int rows = 0;      ///< of one evaluation
  int evaluations = 0;
  std::vector<PlannedPass> passes;
  EditMemory memory;
};

/// The most memory that edits of this model take at once: what can be said before anything is loaded.
[[nodiscard]] EditMemory edit_memory(const gguf::File& file, const ModelConfig& config, const ModelOptions& model,
                                     const EditOptions& options);

/// The plan of an edit with `evaluations` evaluations; behind general wordings too if EditOptions::sure is 1. `model`
/// may have been loaded in part (ModelOptions::blocks); its tokenizer is what is needed, and its file's own config is
/// what counts. Errors: those of Editor::edit's requests.
[[nodiscard]] Result<EditPlan> plan_edit(const Model& model, const ModelOptions& options, const EditOptions& edit,
                                         const EditRequest& request, int evaluations);

/// Of one pass, `times` not counted. `quantised`: the model's products are in integers.
[[nodiscard]] PlannedWork work_of(const ModelConfig& config, const PlannedPass& pass, bool quantised);

}  // namespace mobiedit
