// Preconditioned objective: δ = A z with A from the Fisher metric. A search whose steps and lengths are in z finds a δ
// that is short in that metric.
#pragma once

#include <span>
#include <vector>

#include "edit/statistics/fisher_metric.h"
#include "search/objective.h"

namespace mobiedit {

/// Borrows the objective and the metric. One thread at a time.
class PreconditionedObjective final : public Objective, private Gradient, private Approximations {
 public:
  PreconditionedObjective(Objective& inner, const FisherMetric& metric) : inner_(inner), metric_(metric) {}

  /// δ = A z of each of `z` [n, d].
  [[nodiscard]] std::vector<float> to_delta(std::span<const float> z) const;

  [[nodiscard]] int dimension() const override { return inner_.dimension(); }
  [[nodiscard]] int kept() const override { return inner_.kept(); }
  [[nodiscard]] std::span<const ObjectiveRow> rows() const override { return inner_.rows(); }
  [[nodiscard]] double value_norm() const override { return inner_.value_norm(); }
  [[nodiscard]] std::span<const float> residual() const override { return inner_.residual(); }
  [[nodiscard]] bool expect(int row, std::span<float> jacobian) const override;
  [[nodiscard]] Result<Outputs> evaluate(std::span<const float> deltas, int n) override;
  [[nodiscard]] Gradient* gradient() override;
  [[nodiscard]] std::span<const RowGroup> groups() const override { return inner_.groups(); }
  [[nodiscard]] int probes_per_evaluation() const override { return inner_.probes_per_evaluation(); }
  [[nodiscard]] Result<Outputs> probe(std::span<const float> deltas, int n) override;
  [[nodiscard]] Approximations* approximations() override;

 private:
  [[nodiscard]] Result<Outputs> record(std::span<const float> delta) override;
  [[nodiscard]] Result<std::vector<float>> pull_back(std::span<const float> slopes) override;
  [[nodiscard]] Status use_static_activations(bool on) override;
  [[nodiscard]] Status freeze(std::span<const float> delta) override;
  void use_frozen(bool on) override;
  [[nodiscard]] Result<std::vector<double>> frozen_cosines(std::span<const float> delta) override;

  Objective& inner_;
  const FisherMetric& metric_;
};

}  // namespace mobiedit
