// Neuron write, first half: the rows that let one neuron fire at one subject and nowhere else.
#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <memory>
#include <span>
#include <vector>

#include "edit/statistics/input_moment.h"
#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/model/layer_spec.h"
#include "mobiedit/model/neuron.h"

namespace mobiedit {

struct NeuronSettings {
  double gain = 30;                              ///< α: sharpness of the gate
  double threshold = NeuronOptions().threshold;  ///< θ: score q·n below which the neuron adds nothing; between 0 and 1
  /// Ridge as a share of the mean diagonal of the positives' system, so that alike positives agree.
  double ridge = 0.02;
  /// κ: weight of a contrast input in A, see query(); an input of text has weight 1.
  double contrast_weight = NeuronOptions().contrast_weight;
};

/// A layer's inputs, as far as neurons need them: C with its factor, and the row that reads a constant. Immutable once
/// made, so several threads may ask it.
class NeuronGeometry {
 public:
  /// Errors: usage (fewer inputs than d, so that C says nothing), out_of_memory.
  [[nodiscard]] static Result<NeuronGeometry> create(const InputMoment& moment);

  /// m [d], with m·n ≈ 1 for every input of text: m = C⁻¹ μ / (μᵀ C⁻¹ μ), the least-squares constant.
  [[nodiscard]] std::span<const float> constant() const { return constant_; }
  /// R² of that constant, μᵀ C⁻¹ μ: the share of Σ 1 that m·n explains, 0 to 1. Above 0.99 in the models measured.
  [[nodiscard]] double constant_fit() const { return fit_; }

  /// q [d] = Σ wᵢ A⁻¹ nᵢ with q·nᵢ ≈ 1 for every positive nᵢ, where A = C + κ Σ c cᵀ over the contrasts c.
  /// `positives` [p, d] and `contrasts` [c, d], which may be empty. Errors: usage (no positives, a zero or infinite
  /// one), out_of_memory.
  [[nodiscard]] Result<std::vector<float>> query(std::span<const float> positives, std::span<const float> contrasts,
                                                 const NeuronSettings& settings = {}) const;

  /// The neuron for a query, without a value: gate and up rows, and zeros for `down`.
  [[nodiscard]] Neuron neuron(int layer, std::span<const float> query, const NeuronSettings& settings = {}) const;

  [[nodiscard]] int dimension() const { return static_cast<int>(constant_.size()); }

 private:
  NeuronGeometry() = default;
  std::shared_ptr<const Eigen::LLT<Eigen::MatrixXd>> factor_;  // of C and its ridge
  std::vector<float> constant_;
  double fit_ = 0;
};

/// act(gate·n) (up·n) for an input n [d]: the share of δ that this input gets. The plain reference of the forward
/// pass.
[[nodiscard]] float firing(const Neuron& neuron, std::span<const float> input, GateActivation activation);

}  // namespace mobiedit
