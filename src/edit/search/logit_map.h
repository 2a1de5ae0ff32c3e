// Estimated Jacobian of the logits with respect to δ, for the subspace search.
#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

namespace mobiedit {

/// A linear map from δ [d] to logits, row by row of [logits, d]: an expectation that observations correct.
class LogitMap {
 public:
  LogitMap(Eigen::Index logits, int d) : map_(Rows::Zero(logits, d)) {}

  [[nodiscard]] Eigen::Index logits() const { return map_.rows(); }
  /// Logits [first, first + rows.rows()) are expected to move by `rows` [·, d].
  void expect(Eigen::Index first, const Eigen::Ref<const Eigen::MatrixXf>& rows) {
    map_.middleRows(first, rows.rows()) = rows;
  }
  /// The least change that makes logits [first, first + seen.rows()) move by `seen` [·, n] along n orthonormal
  /// directions [d, n]; of a column only the share `trust` [n] is taken.
  void observe(Eigen::Index first, const Eigen::MatrixXf& directions, const Eigen::MatrixXf& seen,
               const Eigen::VectorXf& trust);
  /// The same for all logits and one step, of any length (Broyden).
  void observe_step(const Eigen::VectorXf& step, const Eigen::VectorXf& change);

  /// The map on a few directions only.
  struct Reduced {
    Eigen::MatrixXf directions;  ///< [d, q], orthonormal
    Eigen::MatrixXf jacobian;    ///< [logits, q]
  };
  /// On those along which the logits numbered in `chosen` move, and along δ: there lies the shortest δ that moves them.
  [[nodiscard]] Reduced reduced(std::span<const Eigen::Index> chosen, const Eigen::VectorXf& delta) const;
  /// Mᵀ g, [d]: where the logits move along `gradient` [logits].
  [[nodiscard]] Eigen::VectorXf pull_back(const Eigen::VectorXf& gradient) const { return map_.transpose() * gradient; }

 private:
  using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  /// x w, by the kernels: Eigen is compiled for every processor, and these products were a third of a search.
  static Rows product(const Eigen::Ref<const Rows>& x, const Eigen::MatrixXf& w);

  Rows map_;
};

}  // namespace mobiedit
