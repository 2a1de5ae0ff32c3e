// Objective of a value search: the logits that matter, at any δ. A search sees no model, so it is tested on functions
// with known answers.
#pragma once

#include <span>
#include <vector>

#include "mobiedit/base/result.h"

namespace mobiedit {

/// One row of logits that the loss reads. The `kept` largest logits are given one by one, the rest of the vocabulary as
/// one number: its log-sum-exp. Rows, tokens and their order never change between evaluations.
struct ObjectiveRow {
  double weight = 0;  ///< weight in the loss
  int target = 0;  ///< index among the kept logits of the token wanted here; -1: the unedited model's answer is to stay
};

/// Neighbouring contexts with equally many rows, which read the logits of equal tokens. A probe evaluates one of them,
/// and the others' Jacobians resemble that one's.
struct RowGroup {
  int contexts = 1;
  int rows = 1;  ///< rows of one context

  /// The context that a probe evaluates.
  [[nodiscard]] int context(int probe) const { return probe % contexts; }
};

/// Results of n evaluations.
struct Outputs {
  int n = 0;
  std::vector<float> logits;    ///< [n, rows, kept + 1]; the last is the log-sum-exp of the rest, −inf without a rest
  std::vector<float> rest_max;  ///< [n, rows]: the largest logit among the rest
};

/// Backward pass of an objective that has one.
class Gradient {
 public:
  virtual ~Gradient() = default;
  /// Makes one evaluation, at δ [d], and keeps what pull_back needs. Errors: those of Objective::evaluate.
  [[nodiscard]] virtual Result<Outputs> record(std::span<const float> delta) = 0;
  /// With `slopes` [rows, kept + 1] the derivative of a loss by the logits just recorded: its gradient by δ, [d].
  [[nodiscard]] virtual Result<std::vector<float>> pull_back(std::span<const float> slopes) = 0;
};

/// Approximations of the published MobiEdit: activations in static codes, and a stale KV cache.
class Approximations {
 public:
  virtual ~Approximations() = default;
  /// On: later evaluations read activations in static 16-bit codes, calibrated on the prompts. Off: as before. Errors:
  /// those of Objective::evaluate.
  [[nodiscard]] virtual Status use_static_activations(bool on) = 0;
  /// Saves, at δ [d], the keys and values of the tokens between the subject and those whose logits are read. Errors:
  /// those of Objective::evaluate.
  [[nodiscard]] virtual Status freeze(std::span<const float> delta) = 0;
  /// On: evaluations use the keys and values saved last. They are exact only at the δ they were saved at.
  virtual void use_frozen(bool on) = 0;
  /// For each layer after the edited one, the mean cosine between a token's saved keys and values and those at δ. Empty
  /// where nothing was saved.
  [[nodiscard]] virtual Result<std::vector<double>> frozen_cosines(std::span<const float> delta) = 0;
};

class Objective {
 public:
  virtual ~Objective() = default;
  [[nodiscard]] virtual int dimension() const = 0;  ///< d
  [[nodiscard]] virtual int kept() const = 0;       ///< logits per row that are given one by one
  [[nodiscard]] virtual std::span<const ObjectiveRow> rows() const = 0;
  [[nodiscard]] virtual double value_norm() const = 0;  ///< ‖v₀‖
  /// Output of the edited layer at the subject's last token in the first prompt, without δ, [d]; empty where there is
  /// none.
  [[nodiscard]] virtual std::span<const float> residual() const { return {}; }
  /// Writes to `jacobian` [kept + 1, d] how a row's kept logits and the rest are expected to move with δ. Returns false
  /// and writes nothing where no expectation is known.
  [[nodiscard]] virtual bool expect([[maybe_unused]] int row, [[maybe_unused]] std::span<float> jacobian) const {
    return false;
  }
  /// Evaluates every prompt at each of `deltas` [n, d]. Errors: cancelled, out_of_memory.
  [[nodiscard]] virtual Result<Outputs> evaluate(std::span<const float> deltas, int n) = 0;

  /// Groups of contexts, whose rows are rows() in order: those of the first group's first context, and so on.
  [[nodiscard]] virtual std::span<const RowGroup> groups() const = 0;
  /// Evaluates each δ_i in one context of each group, RowGroup::context(i). The outputs have RowGroup::rows rows for
  /// each group, in order. Where each group has one context, this is evaluate(). Errors: those of evaluate().
  [[nodiscard]] virtual Result<Outputs> probe(std::span<const float> deltas, int n) { return evaluate(deltas, n); }
  /// Number of probes that cost about as much as one evaluation, at least 1.
  [[nodiscard]] virtual int probes_per_evaluation() const { return 1; }

  /// Null where there is no backward pass. Owned by the objective.
  [[nodiscard]] virtual Gradient* gradient() { return nullptr; }
  /// Null where there are none; methods then work without them. Owned by the objective.
  [[nodiscard]] virtual Approximations* approximations() { return nullptr; }
};

}  // namespace mobiedit
