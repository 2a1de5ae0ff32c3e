#include "edit/write/neuron_geometry.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <numbers>
#include <utility>

namespace mobiedit {
namespace {

// Directions that text leaves unused would get any weight without it. Small: it is they that tell subjects apart.
constexpr double moment_ridge = 1e-4;

Eigen::MatrixXd input_columns(std::span<const float> rows, Eigen::Index d) {
  return Eigen::Map<const Eigen::MatrixXf>(rows.data(), d, static_cast<Eigen::Index>(rows.size()) / d).cast<double>();
}

std::vector<float> float_row(const Eigen::VectorXd& x) {
  std::vector<float> out(static_cast<std::size_t>(x.size()));
  Eigen::Map<Eigen::VectorXf>(out.data(), x.size()) = x.cast<float>();
  return out;
}

double row_product(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * double{b[i]};
  return sum;
}

}  // namespace

Result<NeuronGeometry> NeuronGeometry::create(const InputMoment& moment) try {
  const Eigen::Index d = moment.dimension();
  Eigen::MatrixXd c = moment.second();
  const double mean_diagonal = c.diagonal().mean();
  if (moment.count() <= 0 || !std::isfinite(mean_diagonal) || !(mean_diagonal > 0))
    return fail(ErrorCode::usage, "no inputs to take the second moment of");
  c.diagonal().array() += moment_ridge * mean_diagonal;
  auto factor = std::make_shared<Eigen::LLT<Eigen::MatrixXd>>(std::move(c));
  if (factor->info() != Eigen::Success)
    return fail(ErrorCode::usage, "the second moment of the inputs cannot be factored");

  const Eigen::VectorXd mean = moment.mean();
  const Eigen::VectorXd solved = factor->solve(mean);
  NeuronGeometry geometry;
  geometry.fit_ = mean.dot(solved);
  if (!(geometry.fit_ > 0)) return fail(ErrorCode::usage, "the inputs have no mean: nothing reads a constant");
  geometry.constant_.resize(static_cast<std::size_t>(d));
  geometry.constant_ = float_row(solved / geometry.fit_);
  geometry.factor_ = std::move(factor);
  return geometry;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the second moment of the inputs");
}

Result<std::vector<float>> NeuronGeometry::query(std::span<const float> positives, std::span<const float> contrasts,
                                                 const NeuronSettings& settings) const try {
  const Eigen::Index d = dimension();
  const Eigen::MatrixXd x = input_columns(positives, d);  // [d, p]
  if (x.cols() == 0) return fail(ErrorCode::usage, "a neuron needs at least one input to fire at");
  if (!x.allFinite() || !(x.colwise().squaredNorm().minCoeff() > 0))
    return fail(ErrorCode::usage, "an input to fire at is zero or not finite");

  Eigen::MatrixXd solved = factor_->solve(x);  // A⁻¹ x, first for A = C
  if (!contrasts.empty() && settings.contrast_weight > 0) {
    // Woodbury: A⁻¹ x = C⁻¹ x − C⁻¹ N (I/κ + Nᵀ C⁻¹ N)⁻¹ Nᵀ C⁻¹ x. Few contrasts, so C is factored once for all edits.
    const Eigen::MatrixXd n = input_columns(contrasts, d);  // [d, c]
    const Eigen::MatrixXd solved_n = factor_->solve(n);
    Eigen::MatrixXd inner = n.transpose() * solved_n;
    inner.diagonal().array() += 1 / settings.contrast_weight;
    solved -= solved_n * inner.llt().solve(n.transpose() * solved);
  }
  Eigen::MatrixXd system = x.transpose() * solved;  // [p, p]
  system.diagonal().array() += settings.ridge * system.diagonal().mean();
  const Eigen::VectorXd weights = system.llt().solve(Eigen::VectorXd::Ones(x.cols()));
  return float_row(solved * weights);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to solve for a neuron");
}

Neuron NeuronGeometry::neuron(int layer, std::span<const float> query, const NeuronSettings& settings) const {
  Neuron neuron{layer, {query.begin(), query.end()}, constant_, std::vector<float>(constant_.size(), 0.0f)};
  const auto gain = static_cast<float>(settings.gain), threshold = static_cast<float>(settings.threshold);
  for (std::size_t i = 0; i < constant_.size(); ++i) neuron.gate[i] = gain * (query[i] - threshold * constant_[i]);
  const auto scale = static_cast<float>(1 / (settings.gain * (1 - settings.threshold)));
  for (float& x : neuron.up) x *= scale;
  return neuron;
}

float firing(const Neuron& neuron, std::span<const float> input, GateActivation activation) {
  const double gate = row_product(neuron.gate, input);
  const double up = row_product(neuron.up, input);
  switch (activation) {
    case GateActivation::silu:
      return static_cast<float>(gate / (1 + std::exp(-gate)) * up);
    case GateActivation::gelu_tanh: {
      const double root = std::sqrt(2 / std::numbers::pi);
      return static_cast<float>(0.5 * gate * (1 + std::tanh(root * (gate + 0.044715 * gate * gate * gate))) * up);
    }
    case GateActivation::clamped_silu: {
      const double x = std::min(gate, 7.0);
      return static_cast<float>(x / (1 + std::exp(-1.702 * x)) * (std::clamp(up, -7.0, 7.0) + 1));
    }
  }
  return 0;
}

}  // namespace mobiedit
