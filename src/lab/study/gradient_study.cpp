#include "lab/study/gradient_study.h"

#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/random.h"
#include "lab/study/donors.h"
#include "lab/study/fact_edits.h"
#include "search/loss.h"
#include "search/value_search.h"

namespace mobiedit {
namespace {

constexpr int counts[] = {1, 3, 5, 10, 30, 50, 100, 300};
constexpr int evaluations_at_once = 32;

using Matrix = Eigen::MatrixXf;
using Vector = Eigen::VectorXf;

/// Residuals of the first `count` donors minus the mean of all, [d, count]. They are scaled so that N(0, 1)
/// combinations have length √d on average.
Matrix span_of(std::span<const Donor> donors, std::size_t count) {
  const auto d = static_cast<Eigen::Index>(donors.front().residual.size());
  Matrix span(d, static_cast<Eigen::Index>(donors.size()));
  for (Eigen::Index i = 0; i < span.cols(); ++i)
    span.col(i) = Eigen::Map<const Vector>(donors[static_cast<std::size_t>(i)].residual.data(), d);
  const Vector mean = span.rowwise().mean();
  span.colwise() -= mean;
  span.conservativeResize(d, static_cast<Eigen::Index>(count));
  const float length = span.norm();
  if (length > 0) span *= std::sqrt(static_cast<float>(d)) / length;
  return span;
}

/// `donors` has no columns unless the directions are donors.
Matrix directions_of(const GradientStudyOptions& options, int d, const Matrix& donors, std::uint64_t stream) {
  const int n = options.kind == Directions::orthonormal ? std::min(options.directions, d) : options.directions;
  Matrix z(options.kind == Directions::donors ? static_cast<int>(donors.cols()) : d, n);
  Random(options.seed, stream).fill_normal({z.data(), static_cast<std::size_t>(z.size())});
  if (options.kind == Directions::gaussian) return z;
  if (options.kind == Directions::donors) return donors * z;
  const Eigen::HouseholderQR<Matrix> qr(z);
  return std::sqrt(static_cast<float>(d)) * (qr.householderQ() * Matrix::Identity(d, n));
}

/// [L(δ + μz) − L(δ − μz)] / 2μ per direction.
Result<Vector> slopes_along(Objective& objective, const Vector& delta, const Matrix& z, double probe,
                            std::span<const float> base) {
  Vector slopes(z.cols());
  Matrix trials(z.rows(), 2 * evaluations_at_once);
  for (Eigen::Index first = 0; first < z.cols(); first += evaluations_at_once) {
    const auto n = std::min<Eigen::Index>(evaluations_at_once, z.cols() - first);
    for (Eigen::Index i = 0; i < n; ++i) {
      trials.col(2 * i) = delta + static_cast<float>(probe) * z.col(first + i);
      trials.col(2 * i + 1) = delta - static_cast<float>(probe) * z.col(first + i);
    }
    const auto outputs =
        objective.evaluate({trials.data(), static_cast<std::size_t>(z.rows() * 2 * n)}, static_cast<int>(2 * n));
    if (!outputs) return std::unexpected(outputs.error());
    for (Eigen::Index i = 0; i < n; ++i) {
      const double above = loss_of(objective, *outputs, static_cast<int>(2 * i), base).total();
      const double below = loss_of(objective, *outputs, static_cast<int>(2 * i + 1), base).total();
      slopes[first + i] = static_cast<float>((above - below) / (2 * probe));
    }
  }
  return slopes;
}

void add_estimates(const std::string& where, const Vector& gradient, const Matrix& z, const Vector& slopes,
                   std::vector<GradientEstimate>& estimates) {
  for (const int n : counts) {
    const auto groups = z.cols() / n;
    if (groups == 0) break;
    Matrix found(z.rows(), groups);
    double cosine = 0;
    for (Eigen::Index g = 0; g < groups; ++g) {
      found.col(g) = z.middleCols(g * n, n) * slopes.segment(g * n, n) / static_cast<float>(n);
      const float length = found.col(g).norm() * gradient.norm();
      if (length > 0) cosine += found.col(g).dot(gradient) / length;
    }
    GradientEstimate estimate{where, n, cosine / static_cast<double>(groups), {}};
    if (groups > 1) {
      const Vector mean = found.rowwise().mean();
      found.colwise() -= mean;
      estimate.variance = found.squaredNorm() / static_cast<double>(groups - 1) / gradient.squaredNorm();
    }
    estimates.push_back(std::move(estimate));
  }
}

Result<std::vector<GradientEstimate>> study(Objective& objective, const GradientStudyOptions& options,
                                            const Matrix& donors) {
  const auto search = make_search("backprop");
  if (!search) return std::unexpected(search.error());
  const auto end = (*search)->run(objective, {.seed = options.seed}, {});
  if (!end) return std::unexpected(end.error());
  const MethodSetting half{"steps", std::max(1.0, std::floor(end->steps / 2.0))};
  const auto shorter = make_search("backprop", {&half, 1});
  if (!shorter) return std::unexpected(shorter.error());
  const auto middle = (*shorter)->run(objective, {.seed = options.seed}, {});
  if (!middle) return std::unexpected(middle.error());

  const int d = objective.dimension();
  const std::vector<float> zero(static_cast<std::size_t>(d), 0.0f);
  const auto at_zero = objective.evaluate(zero, 1);
  if (!at_zero) return std::unexpected(at_zero.error());
  const std::vector<float> base = kl_base(objective, *at_zero, 0);
  const double probe = options.probe > 0 ? options.probe : objective.value_norm() / std::sqrt(d);

  std::vector<GradientEstimate> estimates;
  std::uint64_t stream = 0;
  for (const auto& [where, at] :
       {std::pair{"start", &zero}, std::pair{"half-way", &middle->delta}, std::pair{"end", &end->delta}}) {
    const Vector delta = Eigen::Map<const Vector>(at->data(), d);
    const auto recorded = objective.gradient()->record(*at);
    if (!recorded) return std::unexpected(recorded.error());
    const auto pulled = objective.gradient()->pull_back(loss_slopes(objective, *recorded, 0, base));
    if (!pulled) return std::unexpected(pulled.error());
    const Vector gradient = Eigen::Map<const Vector>(pulled->data(), d);
    const Matrix z = directions_of(options, d, donors, stream++);
    const auto slopes = slopes_along(objective, delta, z, probe, base);
    if (!slopes) return std::unexpected(slopes.error());
    add_estimates(where, gradient, z, *slopes, estimates);
  }
  return estimates;
}

}  // namespace

Result<std::vector<GradientEstimate>> study_gradient(Editor& editor, const FactRecord& fact,
                                                     const GradientStudyOptions& options, const CancelToken& cancel) {
  Matrix donors;
  if (options.kind == Directions::donors) {
    const auto found = find_donors(editor, fact, options.others, cancel);
    if (!found) return std::unexpected(found.error());
    const auto most = static_cast<std::size_t>(std::ceil(options.leaning * static_cast<double>(found->size())));
    donors = span_of(*found, std::clamp<std::size_t>(most, 1, found->size()));
  }
  std::vector<GradientEstimate> estimates;
  const auto done = editor.with_objective(
      request_of(fact),
      [&](Objective& objective) -> Status {
        auto found = study(objective, options, donors);
        if (!found) return std::unexpected(found.error());
        estimates = std::move(*found);
        return {};
      },
      cancel);
  if (!done) return std::unexpected(at(fact, done.error()));
  return estimates;
}

}  // namespace mobiedit
