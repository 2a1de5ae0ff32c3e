// Drift: the growth of a reference text's perplexity, a measure of what edits do to everything else.
#pragma once

#include <map>
#include <optional>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/model/model.h"
#include "mobiedit/model/session.h"
#include "workspace/edit_list.h"

namespace mobiedit {

/// Perplexity of a short built-in text, with edits in force. Borrows the model. One thread at a time.
class DriftMeter {
 public:
  /// None for a model whose context is too short for the text. Errors: out_of_memory.
  [[nodiscard]] static Result<std::optional<DriftMeter>> create(const Model& model, const SessionOptions& options);
  /// Errors: as Session::score.
  [[nodiscard]] Result<double> perplexity(const EditList& edits, const CancelToken& cancel);

 private:
  DriftMeter(const Model& model, Session session) : model_(&model), session_(std::move(session)) {}
  const Model* model_;
  Session session_;
};

/// ‖ΔW‖ / ‖W‖, Frobenius, with ΔW the sum of all rank-one updates of `edits` in a layer; for each layer that a rank-one
/// update of `added` changes. Errors: out_of_memory.
[[nodiscard]] Result<std::map<int, double>> update_norms(const EditList& edits, const EditList& added);

}  // namespace mobiedit
