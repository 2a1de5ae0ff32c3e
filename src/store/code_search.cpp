#include "store/code_search.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace mobiedit {

namespace {

/// Returns the move from `code` that the set allows and that comes nearest to `wanted`.
int allowed_move(const gguf::CodeSet& allowed, int code, float wanted) {
  const float bounded = std::clamp(wanted, -256.0f, 256.0f);
  if (allowed.listed.empty()) {
    // A code outside the range may stay there, but goes no further.
    const int least = std::min(allowed.least, code), most = std::max(allowed.most, code);
    return std::clamp(code + static_cast<int>(std::round(bounded)), least, most) - code;
  }
  const float target = static_cast<float>(code) + bounded;
  const auto above = std::lower_bound(allowed.listed.begin(), allowed.listed.end(), target,
                                      [](std::int8_t level, float x) { return static_cast<float>(level) < x; });
  if (above == allowed.listed.begin()) return *above - code;
  const auto below = above - 1;
  if (above == allowed.listed.end()) return *below - code;
  return (static_cast<float>(*above) - target < target - static_cast<float>(*below) ? *above : *below) - code;
}

}  // namespace

void choose_codes(const Eigen::MatrixXf& h, std::span<const float> steps, std::span<const float> change,
                  const gguf::CodeSet& allowed, std::span<std::int16_t> codes, Eigen::VectorXf& gradient,
                  Eigen::VectorXf& residual) {
  const std::size_t f = codes.size();
  const auto n = static_cast<Eigen::Index>(f);
  residual.resize(n);
  for (std::size_t j = 0; j < f; ++j) {
    const auto i = static_cast<Eigen::Index>(j);
    residual[i] = -change[j];
    if (steps[j] == 0) continue;
    const int moved = allowed_move(allowed, codes[j], change[j] / steps[j]);
    codes[j] = static_cast<std::int16_t>(codes[j] + moved);
    residual[i] += static_cast<float>(moved) * steps[j];
  }
  gradient.noalias() = h.selfadjointView<Eigen::Lower>() * residual;

  // Moving j by t steps changes rᵀHr by q (2 x t + t²), with q = s_j² H_jj and x = g_j / (s_j H_jj). The best t is the
  // allowed move nearest to -x.
  std::vector<float> worth(f), inverse(f);
  for (std::size_t j = 0; j < f; ++j) {
    const auto i = static_cast<Eigen::Index>(j);
    worth[j] = steps[j] * steps[j] * h(i, i);
    inverse[j] = worth[j] > 0 ? 1 / (steps[j] * h(i, i)) : 0;
  }
  double left = double{residual.dot(gradient)};
  for (std::size_t round = 0; round < 4 * f; ++round) {
    std::size_t best = f;
    float most_gained = 0;
    int best_move = 0;
    for (std::size_t j = 0; j < f; ++j) {
      const float x = gradient[static_cast<Eigen::Index>(j)] * inverse[j];
      if (worth[j] * x * x <= most_gained) continue;  // not even without rounding
      const int move = allowed_move(allowed, codes[j], -x);
      const auto t = static_cast<float>(move);
      const float gained = -worth[j] * (2 * x * t + t * t);
      if (gained <= most_gained) continue;
      most_gained = gained;
      best = j;
      best_move = move;
    }
    // Later moves cost as much time as the first and gain far less.
    if (best == f || double{most_gained} < 1e-5 * left) return;
    const auto i = static_cast<Eigen::Index>(best);
    codes[best] = static_cast<std::int16_t>(codes[best] + best_move);
    const float moved = static_cast<float>(best_move) * steps[best];
    residual[i] += moved;
    gradient += moved * h.col(i);
    left -= double{most_gained};
  }
}

}  // namespace mobiedit
