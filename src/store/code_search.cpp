#include "store/code_search.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace mobiedit {

void choose_codes(const Eigen::MatrixXf& h, std::span<const float> steps, std::span<const float> change,
                  gguf::CodeRange range, std::span<std::int16_t> codes, Eigen::VectorXf& gradient,
                  Eigen::VectorXf& residual) {
  const std::size_t f = codes.size();
  const auto n = static_cast<Eigen::Index>(f);
  residual.resize(n);
  for (std::size_t j = 0; j < f; ++j) {
    const auto i = static_cast<Eigen::Index>(j);
    residual[i] = -change[j];
    if (steps[j] == 0) continue;
    // A code that is outside the range already may stay, but moves no further out.
    const int least = std::min<int>(range.least, codes[j]), most = std::max<int>(range.most, codes[j]);
    const int wanted = static_cast<int>(std::clamp(std::round(change[j] / steps[j]), -256.0f, 256.0f));
    const int moved = std::clamp(codes[j] + wanted, least, most) - codes[j];
    codes[j] = static_cast<std::int16_t>(codes[j] + moved);
    residual[i] += static_cast<float>(moved) * steps[j];
  }
  gradient.noalias() = h.selfadjointView<Eigen::Lower>() * residual;

  // Moving j by t steps changes rᵀHr by q (2 x t + t²), with q = s_j² H_jj and x = g_j / (s_j H_jj): best at t = -x,
  // rounded to the nearest whole number that the range allows.
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
      const int least = std::min<int>(range.least, codes[j]), most = std::max<int>(range.most, codes[j]);
      const int move =
          std::clamp(codes[j] + static_cast<int>(std::round(std::clamp(-x, -256.0f, 256.0f))), least, most) - codes[j];
      const auto t = static_cast<float>(move);
      const float gained = -worth[j] * (2 * x * t + t * t);
      if (gained <= most_gained) continue;
      most_gained = gained;
      best = j;
      best_move = move;
    }
    // Stops early: the last small gains take as long as the first large ones.
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
