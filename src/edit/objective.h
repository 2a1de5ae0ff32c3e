// What a value search asks of the world: the logits that matter, at any δ. A search never sees a model, so it is tested
// on functions with known answers; another processor is another Objective.
#pragma once

#include <span>
#include <vector>

#include "mobiedit/base/result.h"

namespace mobiedit {

/// One row of logits that the loss reads. `kept` logits are given one by one, the rest of the vocabulary as one number:
/// its log-sum-exp. Rows, kept tokens and their order are the same in every evaluation.
struct ObjectiveRow {
  double weight = 0;  ///< in the loss
  int target = 0;     ///< index among the kept logits of the token wanted here; -1: the KL row
};

/// n evaluations.
struct Outputs {
  int n = 0;
  std::vector<float> logits;  ///< [n, rows, kept + 1]; the last is the log-sum-exp of the rest (−inf if there is none)
  std::vector<float> rest_max;  ///< [n, rows]: the largest logit among the rest
};

/// What an objective that has a backward pass can do besides.
class Gradient {
 public:
  virtual ~Gradient() = default;
  /// One evaluation, at δ [d], that keeps what the way back needs. Errors: those of Objective::evaluate.
  [[nodiscard]] virtual Result<Outputs> record(std::span<const float> delta) = 0;
  /// With `slopes` [rows, kept + 1] the derivative of some loss by the logits just recorded: its gradient by δ, [d].
  [[nodiscard]] virtual Result<std::vector<float>> pull_back(std::span<const float> slopes) = 0;
};

class Objective {
 public:
  virtual ~Objective() = default;
  [[nodiscard]] virtual int dimension() const = 0;  ///< d
  [[nodiscard]] virtual int kept() const = 0;
  [[nodiscard]] virtual std::span<const ObjectiveRow> rows() const = 0;
  [[nodiscard]] virtual double value_norm() const = 0;  ///< ‖v₀‖
  /// What leaves the edited block at the subject's last token in the first prompt, without δ, [d]; empty where there is
  /// no such thing.
  [[nodiscard]] virtual std::span<const float> residual() const { return {}; }
  /// How the kept logits of a row, and the rest, are expected to move with δ, before anything was asked: `jacobian`
  /// [kept + 1, d]. False, and nothing is written, where there is nothing to expect.
  [[nodiscard]] virtual bool expect([[maybe_unused]] int row, [[maybe_unused]] std::span<float> jacobian) const {
    return false;
  }
  /// deltas [n, d]. Errors: cancelled, out_of_memory.
  [[nodiscard]] virtual Result<Outputs> evaluate(std::span<const float> deltas, int n) = 0;
  /// Null where there is no backward pass; the objective's own.
  [[nodiscard]] virtual Gradient* gradient() { return nullptr; }

  /// Prompts that can be asked one by one, P: rows() is P times the same number of target rows, then the KL row.
  [[nodiscard]] virtual int prompts() const { return 1; }
  /// One prompt for each δ: δ_i in prompt i mod P and in the KL row, so that P of them cost about what one does in
  /// `evaluate`. The outputs' rows are one prompt's target rows and the KL row. The same logits are kept in a target
  /// row of every prompt.
  [[nodiscard]] virtual Result<Outputs> probe(std::span<const float> deltas, int n) { return evaluate(deltas, n); }

  // Approximations of published methods. An objective that cannot make them ignores them.

  /// Evaluations from now on read activations in static codes of 16 bits, calibrated on the prompts; or as before.
  [[nodiscard]] virtual Status use_static_activations([[maybe_unused]] bool on) { return {}; }
  /// Remembers, at δ [d], what attention sees of the tokens between the subject and those whose logits are read.
  [[nodiscard]] virtual Status freeze([[maybe_unused]] std::span<const float> delta) { return {}; }
  /// Whether evaluations take these tokens as they were when they were last frozen: stale, but for that δ.
  virtual void use_frozen([[maybe_unused]] bool on) {}
  /// How like the frozen ones are to those at δ: for each block above the edited one the mean cosine of a token's keys
  /// and values. Empty where nothing was frozen.
  [[nodiscard]] virtual Result<std::vector<double>> frozen_cosines([[maybe_unused]] std::span<const float> delta) {
    return std::vector<double>{};
  }
};

}  // namespace mobiedit
