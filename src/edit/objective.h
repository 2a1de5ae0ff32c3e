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
  double weight = 0;  ///< in the loss
  int target = 0;     ///< index among the kept logits of the token wanted here; -1: the KL row
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

  /// Number of prompts that can be evaluated one by one, P: rows() has an equal number of target rows for each prompt,
  /// then the KL row.
  [[nodiscard]] virtual int prompts() const { return 1; }
  /// Evaluates each δ in one prompt alone, δ_i in prompt i mod P, and in the KL row. P of them cost about one whole
  /// evaluation. The outputs have the target rows of that prompt and the KL row. Target rows of all prompts keep the
  /// logits of equal tokens.
  [[nodiscard]] virtual Result<Outputs> probe(std::span<const float> deltas, int n) { return evaluate(deltas, n); }

  /// Null where there is no backward pass. Owned by the objective.
  [[nodiscard]] virtual Gradient* gradient() { return nullptr; }
  /// Null where there are none; methods then work without them. Owned by the objective.
  [[nodiscard]] virtual Approximations* approximations() { return nullptr; }
};

}  // namespace mobiedit
