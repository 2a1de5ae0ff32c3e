#include "backend/cpu/round_to.h"

#include <algorithm>
#include <cmath>

#include "base/half.h"

namespace mobiedit {
namespace {

constexpr std::size_t group = 32;
constexpr float codes16 = 32767, codes8 = 127, codes4 = 7;

void round_groups(float codes, std::span<float> values) {
  for (std::size_t begin = 0; begin < values.size(); begin += group) {
    const auto some = values.subspan(begin, std::min(group, values.size() - begin));
    float largest = 0;
    for (const float x : some) largest = std::max(largest, std::fabs(x));
    if (largest == 0) continue;
    for (float& x : some) x = std::nearbyint(x / largest * codes) / codes * largest;
  }
}

}  // namespace

void round_to(NumberFormat format, std::span<float> values) {
  switch (format) {
    case NumberFormat::f32:
      return;
    case NumberFormat::f16:
      for (float& x : values) x = half_to_float(float_to_half(x));
      return;
    case NumberFormat::int16:
      return round_groups(codes16, values);
    case NumberFormat::int8:
      return round_groups(codes8, values);
    case NumberFormat::int4:
      return round_groups(codes4, values);
  }
}

void round_to_range(float largest, std::span<float> values) {
  if (largest == 0) {
    std::ranges::fill(values, 0.0f);
    return;
  }
  for (float& x : values) x = std::nearbyint(std::clamp(x / largest, -1.0f, 1.0f) * codes16) / codes16 * largest;
}

}  // namespace mobiedit
