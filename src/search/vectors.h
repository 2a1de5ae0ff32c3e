// Vector operations on δ that several searches share.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace mobiedit {

[[nodiscard]] inline double norm(std::span<const float> x) {
  double square = 0;
  for (const float value : x) square += double{value} * value;
  return std::sqrt(square);
}

/// Shortens x to `longest` if it is longer.
inline void clamp_length(std::span<float> x, double longest) {
  if (const double now = norm(x); now > longest)
    for (float& value : x) value *= static_cast<float>(longest / now);
}

/// Adam with the decays and ε of its authors.
class Adam {
 public:
  explicit Adam(std::size_t d) : m_(d), v_(d) {}

  /// Takes one step of x down the gradient; both have the length that the constructor was given.
  void step(std::span<const double> gradient, double rate, std::span<float> x) {
    ++steps_;
    const double first_bias = 1 - std::pow(first_decay, steps_), second_bias = 1 - std::pow(second_decay, steps_);
    for (std::size_t j = 0; j < m_.size(); ++j) {
      m_[j] = first_decay * m_[j] + (1 - first_decay) * gradient[j];
      v_[j] = second_decay * v_[j] + (1 - second_decay) * gradient[j] * gradient[j];
      x[j] -= static_cast<float>(rate * (m_[j] / first_bias) / (std::sqrt(v_[j] / second_bias) + tiny));
    }
  }

 private:
  static constexpr double first_decay = 0.9, second_decay = 0.999, tiny = 1e-8;
  std::vector<double> m_, v_;
  int steps_ = 0;
};

}  // namespace mobiedit
