#include "search/softmax_model.h"

#include <Eigen/Cholesky>
#include <cmath>

namespace mobiedit {
namespace {

constexpr int newton_steps = 30;
constexpr int ridge_steps = 16;
constexpr float negligible = 1e-6f;  // weighted probabilities below this hardly change the Hessian

}  // namespace

Eigen::VectorXf SoftmaxModel::row(std::size_t r, const Eigen::VectorXf& moved) const {
  const auto begin = static_cast<Eigen::Index>(r) * width();
  return logits.segment(begin, width()) + moved.segment(begin, width());
}

Eigen::VectorXf SoftmaxModel::probabilities(std::size_t r, const Eigen::VectorXf& moved) const {
  Eigen::VectorXf p = row(r, moved);
  p = (p.array() - p.maxCoeff()).exp();
  return p / p.sum();
}

double SoftmaxModel::value(const Eigen::VectorXf& a) const {
  const Eigen::VectorXf moved = jacobian * a;
  double total = penalty * (offset + a).squaredNorm();
  if (risk.size() > 0) total += a.dot(risk * a);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const Eigen::VectorXf z = row(r, moved);
    const float largest = z.maxCoeff();
    const double lse = largest + std::log((z.array() - largest).exp().sum());
    total += rows[r].weight * (lse - rows[r].wanted.dot(z));
  }
  return total;
}

Eigen::VectorXf SoftmaxModel::newton(Eigen::VectorXf a, double ridge) const {
  const auto m = jacobian.cols();
  const auto damped = [&](const Eigen::VectorXf& x) { return value(x) + ridge * x.squaredNorm(); };
  double now = damped(a);
  for (int step = 0; step < newton_steps; ++step) {
    Eigen::VectorXf gradient = 2 * static_cast<float>(penalty) * (offset + a) + 2 * static_cast<float>(ridge) * a;
    Eigen::MatrixXf hessian = Eigen::MatrixXf::Zero(m, m);
    const Eigen::VectorXf moved = jacobian * a;
    Eigen::VectorXf pull(jacobian.rows()), mass(jacobian.rows());
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const auto weight = static_cast<float>(rows[r].weight);
      const Eigen::VectorXf p = probabilities(r, moved);
      const auto begin = static_cast<Eigen::Index>(r) * width();
      pull.segment(begin, width()) = weight * (p - rows[r].wanted);
      mass.segment(begin, width()) = weight * p;
      const Eigen::VectorXf mean = jacobian.middleRows(begin, width()).transpose() * p;
      hessian.selfadjointView<Eigen::Lower>().rankUpdate(mean, -weight);
    }
    gradient += jacobian.transpose() * pull;
    if (risk.size() > 0) {
      gradient += 2 * (risk * a);
      hessian += 2 * risk;
    }
    Eigen::MatrixXf bent(m, jacobian.rows());
    Eigen::Index used = 0;
    for (Eigen::Index i = 0; i < jacobian.rows(); ++i)
      if (mass[i] > negligible) bent.col(used++) = std::sqrt(mass[i]) * jacobian.row(i).transpose();
    hessian.selfadjointView<Eigen::Lower>().rankUpdate(bent.leftCols(used));
    // Where every answer is certain the Hessian nearly vanishes: a small multiple of the identity keeps the solve
    // sound.
    const float floor = 1e-6f * (hessian.diagonal().sum() / static_cast<float>(m)) + 1e-12f;
    hessian.diagonal().array() += 2 * static_cast<float>(penalty + ridge) + floor;
    const Eigen::VectorXf move = hessian.selfadjointView<Eigen::Lower>().llt().solve(gradient);
    if (!move.allFinite()) break;
    const double slope = gradient.dot(move);
    double scale = 1;
    double then = damped(a - move);
    for (; then > now - 0.25 * scale * slope && scale > 1e-3; then = damped(a - static_cast<float>(scale) * move))
      scale /= 2;
    if (then >= now) break;
    a -= static_cast<float>(scale) * move;
    const bool settled = now - then < 1e-5 * std::abs(now) + 1e-9;
    now = then;
    if (settled) break;
  }
  return a;
}

Eigen::VectorXf SoftmaxModel::minimise(double radius) const {
  Eigen::VectorXf a = newton(Eigen::VectorXf::Zero(jacobian.cols()), 0);
  if (a.norm() <= radius) return a;
  // Brackets the ridge that brings the step to the radius, then bisects its logarithm. A rough solution is enough,
  // since the radius itself is a guess.
  double low = 0, high = 0.1 / (radius * radius);
  for (int i = 0; i < ridge_steps; ++i) {
    const double ridge = low == 0 ? high : std::sqrt(low * high);
    a = newton(std::move(a), ridge);
    const double length = a.norm();
    if (length > radius) {
      low = ridge;
      if (ridge >= high) high = ridge * 8;
    } else {
      if (length > 0.8 * radius) break;
      high = ridge;
      if (low == 0) low = ridge / 64;
    }
  }
  if (a.norm() > radius) a *= static_cast<float>(radius / a.norm());
  return a;
}

}  // namespace mobiedit
