#include "backend/cpu/rope.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace mobiedit {
std::vector<double> rope_frequencies(const RopeSpec& rope, std::span<const float> factors) {
  std::vector<double> frequencies;
  for (int i = 0; i < rope.dimensions / 2; ++i) {
    double frequency = std::pow(rope.base, -2.0 * i / rope.dimensions);
    if (rope.yarn) {
      const double ramp = (i - rope.yarn_first) / std::max(0.001, rope.yarn_last - rope.yarn_first);
      const double kept = 1 - std::clamp(ramp, 0.0, 1.0);
      frequency *= rope.scale * (1 - kept) + kept;
    } else {
      frequency *= rope.scale;
    }
    if (!factors.empty()) frequency /= static_cast<double>(factors[static_cast<std::size_t>(i)]);
    frequencies.push_back(frequency);
  }
  return frequencies;
}

void rotate_heads(std::span<float> row, int head_dim, const RopeSpec& rope, std::span<const double> frequencies,
                  int position) {
  if (rope.pairs == RopePairs::none) return;
  const std::size_t half = frequencies.size();
  const auto dim = static_cast<std::size_t>(head_dim);
  const bool halves = rope.pairs == RopePairs::halves;
  for (std::size_t i = 0; i < half; ++i) {
    const double angle = position * frequencies[i];
    const auto cosine = static_cast<float>(std::cos(angle)) * rope.magnitude;
    const auto sine = static_cast<float>(std::sin(angle)) * rope.magnitude;
    for (std::size_t head = 0; head < row.size(); head += dim) {
      float& a = row[head + (halves ? i : 2 * i)];
      float& b = row[head + (halves ? i + half : 2 * i + 1)];
      const float rotated = a * cosine - b * sine;
      b = a * sine + b * cosine;
      a = rotated;
    }
  }
}

}  // namespace mobiedit
