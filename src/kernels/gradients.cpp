#include "kernels/gradients.h"

#include <cmath>
#include <cstddef>

namespace mobiedit::kernels {

void rms_norm_gradient(std::span<const float> x, std::span<const float> weight, float epsilon,
                       std::span<const float> gy, std::span<float> gx) {
  double square = 0, along = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    square += double{x[i]} * x[i];
    along += double{gy[i]} * weight[i] * x[i];
  }
  const auto d = static_cast<double>(x.size());
  const double inverse = 1 / std::sqrt(square / d + epsilon);
  const auto scale = static_cast<float>(inverse);
  const auto back = static_cast<float>(along * inverse * inverse * inverse / d);
  for (std::size_t i = 0; i < x.size(); ++i) gx[i] = scale * gy[i] * weight[i] - back * x[i];
}

void silu_multiply_gradient(std::span<const float> gy, std::span<float> gate, std::span<float> up) {
  for (std::size_t i = 0; i < gy.size(); ++i) {
    const float x = gate[i];
    const float sigmoid = 1 / (1 + std::exp(-x));
    const float by_up = x * sigmoid;
    gate[i] = gy[i] * up[i] * sigmoid * (1 + x * (1 - sigmoid));
    up[i] = gy[i] * by_up;
  }
}

void gelu_multiply_gradient(std::span<const float> gy, std::span<float> gate, std::span<float> up) {
  constexpr float root = 0.79788456080286536f, cubic = 0.044715f;  // root of 2 / π
  for (std::size_t i = 0; i < gy.size(); ++i) {
    const float x = gate[i];
    const float bend = std::tanh(root * (x + cubic * x * x * x));
    const float slope = 0.5f * (1 + bend) + 0.5f * x * (1 - bend * bend) * root * (1 + 3 * cubic * x * x);
    gate[i] = gy[i] * up[i] * slope;
    up[i] = gy[i] * 0.5f * x * (1 + bend);
  }
}

}  // namespace mobiedit::kernels
