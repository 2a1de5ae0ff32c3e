// What edits do to everything that they are not about.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

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
  double norm = 100;          ///< what an edit adds to its weight, in per cent of the weight's own norm
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

/// For each of these blocks ‖ΔW‖ / ‖W‖ of all its edits together, Frobenius. Errors: out_of_memory.
[[nodiscard]] Result<std::map<int, double>> update_norms(std::span<const StoredEdit> edits,
                                                         const std::set<int>& blocks);

/// Of many edits in force those that new ones are likeliest to disturb, and some of the rest: places in `in_force`, in
/// order. All of them where they are few; always those of a new one's subject.
[[nodiscard]] std::vector<std::size_t> worth_asking(std::span<const StoredEdit> in_force,
                                                    std::span<const StoredEdit* const> added);

}  // namespace mobiedit::cli
