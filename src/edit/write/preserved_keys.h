// The keys of earlier edits, so that later updates of the same block keep off them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace mobiedit {

/// An update along S k changes what other keys give by as much as S joins them to k. With the earlier keys K counted
/// in, S' = S − S K (KᵀS K + R)⁻¹ KᵀS, R = `ridge` times the diagonal of KᵀS K: recursive least squares, whose S' k is
/// hardly joined to any of K. In float64; an earlier key costs 2 f floats and a row of a Cholesky factor.
class PreservedKeys {
 public:
  explicit PreservedKeys(double ridge) : ridge_(ridge) {}

  /// `keys` [n, f] and `solved` = S k [n, f], S the same at every call. Keys of length 0 are left out.
  /// Throws std::bad_alloc; then nothing changed.
  void add(std::span<const float> keys, std::span<const float> solved, std::size_t f);
  /// solved [n, f] = S k becomes S' k. Earlier keys nearly the same as one of `keys` are not counted: of the same
  /// subject, whose next fact has no other key to be written to.
  void constrain(std::span<const float> keys, std::span<float> solved, std::size_t f) const;
  [[nodiscard]] std::size_t size() const { return factor_.size(); }

 private:
  [[nodiscard]] std::vector<double> joined(const float* key, std::size_t f) const;  // KᵀS k
  void solve_lower(std::vector<double>& x) const;
  void solve(std::vector<double>& x) const;
  /// Which of the earlier keys are nearly one of those that give `joined` and have k·S k = `own`.
  [[nodiscard]] std::vector<std::size_t> alike(std::span<const std::vector<double>> joined,
                                               std::span<const double> own) const;

  double ridge_;
  std::vector<std::vector<float>> solved_;
  std::vector<double> own_;                  // k·S k
  std::vector<std::vector<double>> factor_;  // row i has i + 1 values
};

}  // namespace mobiedit
