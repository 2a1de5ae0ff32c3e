// What edits do to everything that they are not about.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/model/model.h"
#include "mobiedit/model/session.h"
#include "mobiedit/store/store.h"

namespace mobiedit::cli {

/// How far a model may drift from what it was, as the perplexity of a text that knows nothing of the edits grows.
struct DriftLimits {
  std::optional<double> one;  ///< an edit alone, in per cent; none: any
  double all = 50;            ///< all edits in force together, in per cent
};
/// A run says so when all edits together come to this much, in per cent.
inline constexpr double drift_worth_a_warning = 10;
/// And when what they add to a weight comes to this part of the weight's own norm: a same-type file holds no more.
inline constexpr double norm_worth_a_warning = 1;

/// In per cent.
[[nodiscard]] double growth(double before, double after);

/// Perplexity of a short built-in text, with edits in force. Borrows the model.
class DriftMeter {
 public:
  /// None for a model of a context too short for the text. Errors: out_of_memory.
  [[nodiscard]] static Result<std::optional<DriftMeter>> create(const Model& model, const SessionOptions& options);
  [[nodiscard]] Result<double> perplexity(std::span<const StoredEdit> edits, const CancelToken& cancel);

 private:
  DriftMeter(const Model& model, Session session) : model_(&model), session_(std::move(session)) {}
  const Model* model_;
  Session session_;
};

/// For each edited block ‖ΔW‖ / ‖W‖ of all its edits together, Frobenius.
[[nodiscard]] std::map<int, double> update_norms(std::span<const StoredEdit> edits);

}  // namespace mobiedit::cli
