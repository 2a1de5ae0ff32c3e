#include "edit/write/preserved_keys.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <new>
#include <utility>

#include "kernels/double_ops.h"

namespace mobiedit {
namespace {

// Squared cosine of two keys, in the inner product kᵀ S k, from which they count as one subject's. Preserving such a
// key would leave hardly any update.
constexpr double equal_share = 0.5;

}  // namespace

std::vector<double> PreservedKeys::products(const float* key, std::size_t f) const {
  std::vector<double> x(solved_.size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = kernels::dot_in_double(solved_[i], {key, f});
  return x;
}

void PreservedKeys::solve_lower(std::vector<double>& x) const {
  for (std::size_t i = 0; i < x.size(); ++i) {
    double sum = x[i];
    for (std::size_t j = 0; j < i; ++j) sum -= factor_[i][j] * x[j];
    x[i] = sum / factor_[i][i];
  }
}

void PreservedKeys::add(std::span<const float> keys, std::span<const float> solved, std::size_t f) {
  const std::size_t before = size();
  try {
    for (std::size_t at = 0; at < keys.size(); at += f) {
      const double own = kernels::dot_in_double(keys.subspan(at, f), solved.subspan(at, f));
      if (!(own > 0)) continue;
      std::vector<double> row = products(keys.data() + at, f);
      solve_lower(row);
      double square = own * (1 + ridge_);
      for (const double x : row) square -= x * x;
      // Rounding may make the square negative for a key that the others span.
      row.push_back(std::sqrt(std::max(square, own * ridge_)));
      factor_.push_back(std::move(row));
      own_.push_back(own);
      solved_.emplace_back(solved.begin() + static_cast<std::ptrdiff_t>(at),
                           solved.begin() + static_cast<std::ptrdiff_t>(at + f));
    }
  } catch (const std::bad_alloc&) {
    factor_.resize(before);
    own_.resize(before);
    solved_.resize(before);
    throw;
  }
}

void PreservedKeys::solve(std::vector<double>& x) const {
  solve_lower(x);
  for (std::size_t i = x.size(); i-- > 0;) {
    x[i] /= factor_[i][i];
    for (std::size_t j = 0; j < i; ++j) x[j] -= factor_[i][j] * x[i];
  }
}

std::vector<std::size_t> PreservedKeys::alike(std::span<const std::vector<double>> products,
                                              std::span<const double> own) const {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < size(); ++i) {
    for (std::size_t k = 0; k < own.size(); ++k) {
      if (products[k][i] * products[k][i] <= equal_share * own[k] * own_[i]) continue;
      found.push_back(i);
      break;
    }
  }
  return found;
}

void PreservedKeys::constrain(std::span<const float> keys, std::span<float> solved, std::size_t f) const {
  if (factor_.empty()) return;
  std::vector<std::vector<double>> all_products;
  std::vector<double> own;
  for (std::size_t at = 0; at < keys.size(); at += f) {
    all_products.push_back(products(keys.data() + at, f));
    own.push_back(kernels::dot_in_double(keys.subspan(at, f), solved.subspan(at, f)));
  }
  const std::vector<std::size_t> left_out = alike(all_products, own);
  const auto n = static_cast<Eigen::Index>(left_out.size());
  // G x = b without the keys E, that is with x_E = 0, has the solution x − G⁻¹_E (G⁻¹_EE)⁻¹ x_E: columns of G⁻¹.
  std::vector<std::vector<double>> columns;
  Eigen::MatrixXd within(n, n);
  for (const std::size_t i : left_out) {
    std::vector<double> unit(factor_.size(), 0.0);
    unit[i] = 1;
    solve(unit);
    const auto column = static_cast<Eigen::Index>(columns.size());
    for (Eigen::Index r = 0; r < n; ++r) within(r, column) = unit[left_out[static_cast<std::size_t>(r)]];
    columns.push_back(std::move(unit));
  }
  const Eigen::LLT<Eigen::MatrixXd> factor(0.5 * (within + within.transpose()));
  for (std::size_t at = 0; at < keys.size(); at += f) {
    std::vector<double>& x = all_products[at / f];
    solve(x);
    if (n > 0) {
      Eigen::VectorXd unwanted(n);
      for (Eigen::Index r = 0; r < n; ++r) unwanted(r) = x[left_out[static_cast<std::size_t>(r)]];
      const Eigen::VectorXd weights = factor.solve(unwanted);
      for (Eigen::Index c = 0; c < n; ++c)
        for (std::size_t i = 0; i < x.size(); ++i) x[i] -= weights(c) * columns[static_cast<std::size_t>(c)][i];
    }
    std::vector<double> off(f, 0.0);
    for (std::size_t i = 0; i < x.size(); ++i)
      for (std::size_t c = 0; c < f; ++c) off[c] += x[i] * solved_[i][c];
    for (std::size_t c = 0; c < f; ++c) solved[at + c] = static_cast<float>(solved[at + c] - off[c]);
  }
}

}  // namespace mobiedit
