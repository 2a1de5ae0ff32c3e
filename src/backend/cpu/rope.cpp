#include "backend/cpu/rope.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace mobiedit {

std::vector<double> inverse_frequencies(const ModelConfig& c, std::span<const float> factors) {
  std::vector<double> frequencies;
  for (int i = 0; i < c.rope_dimensions / 2; ++i) {
    double frequency = std::pow(c.rope_base, -2.0 * i / c.rope_dimensions);
    if (c.yarn) {
      const double kept = 1 - std::clamp((i - c.yarn_first) / std::max(0.001, c.yarn_last - c.yarn_first), 0.0, 1.0);
      frequency *= c.rope_scale * (1 - kept) + kept;
    } else {
      frequency *= c.rope_scale;
    }
    frequencies.push_back(factors.empty() ? frequency
                                          : frequency / static_cast<double>(factors[static_cast<std::size_t>(i)]));
  }
  return frequencies;
}

void rotate_heads(std::span<float> row, const ModelConfig& c, std::span<const double> frequencies, int position) {
  const std::size_t half = frequencies.size();
  const auto dim = static_cast<std::size_t>(c.head_dim);
  for (std::size_t i = 0; i < half; ++i) {
    const double angle = position * frequencies[i];
    const auto cosine = static_cast<float>(std::cos(angle)) * c.rope_magnitude;
    const auto sine = static_cast<float>(std::sin(angle)) * c.rope_magnitude;
    for (std::size_t head = 0; head < row.size(); head += dim) {
      float& a = row[head + (c.rope_neox ? i : 2 * i)];
      float& b = row[head + (c.rope_neox ? i + half : 2 * i + 1)];
      const float rotated = a * cosine - b * sine;
      b = a * sine + b * cosine;
      a = rotated;
    }
  }
}

}  // namespace mobiedit
