// Preserved keys: later updates of a layer change its output at the keys of earlier edits as little as possible.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace mobiedit {

/// An update along S k changes the layer's output at another key x in proportion to x·S k. With the preserved keys K,
/// S' = S − S K (KᵀS K + R)⁻¹ KᵀS, where R is `ridge` times the diagonal of KᵀS K, makes that product small for all of
/// K (recursive least squares). Computed in float64. A preserved key takes 2 f floats and a row of a Cholesky factor.
class PreservedKeys {
 public:
  explicit PreservedKeys(double ridge) : ridge_(ridge) {}

  /// Preserves `keys` [n, f] with `solved` = S k [n, f]; S must not change between calls. Ignores keys of length 0.
  /// Throws std::bad_alloc; then nothing changed.
  void add(std::span<const float> keys, std::span<const float> solved, std::size_t f);
  /// Turns solved [n, f] = S k into S' k. Leaves out preserved keys nearly equal to one of `keys`: they belong to the
  /// same subject, whose next fact has no other key to be written to.
  void constrain(std::span<const float> keys, std::span<float> solved, std::size_t f) const;
  [[nodiscard]] std::size_t size() const { return factor_.size(); }

 private:
  [[nodiscard]] std::vector<double> products(const float* key, std::size_t f) const;  // KᵀS k
  void solve_lower(std::vector<double>& x) const;
  void solve(std::vector<double>& x) const;
  /// Places of preserved keys nearly equal to one of those with these products and k·S k = `own`.
  [[nodiscard]] std::vector<std::size_t> alike(std::span<const std::vector<double>> products,
                                               std::span<const double> own) const;

  double ridge_;
  std::vector<std::vector<float>> solved_;
  std::vector<double> own_;                  // k·S k
  std::vector<std::vector<double>> factor_;  // row i has i + 1 values
};

}  // namespace mobiedit
