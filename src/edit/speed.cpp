#include "edit/speed.h"

#include <algorithm>

#include "backend/forward_pass.h"
#include "base/random.h"
#include "base/stopwatch.h"

namespace mobiedit {

Speed Speed::measure(const Model& model, ThreadPool& pool, int rows) {
  const ModelConfig& c = model.config();
  const auto forward = make_forward_pass(model, pool);
  Speed speed;
  std::vector<float> start(static_cast<std::size_t>(std::max(rows, 1)) * static_cast<std::size_t>(c.d));
  Random(1).fill_normal(start);
  std::vector<float> residual;
  std::vector<int> counts{1, 4, 16};
  if (rows > counts.back()) counts.push_back(rows);
  for (const int count : counts) {
    if (count > std::max(rows, 1)) break;
    constexpr int sequence_rows = 6;  // rows per sequence, about as many as an edit's contexts have
    std::vector<BatchSequence> sequences;
    for (int left = count; left > 0; left -= sequence_rows)
      sequences.push_back({nullptr, 0, std::min(left, sequence_rows), nullptr});
    const auto values = static_cast<std::ptrdiff_t>(count) * c.d;
    const double layers = best_seconds(3, 0.15, [&] {
      residual.assign(start.begin(), start.begin() + values);
      forward->run_layers({0, c.layers}, residual, sequences, {});
    });
    speed.layer_.emplace_back(count, layers / c.layers);
    speed.output_.emplace_back(count, best_seconds(2, 0.05, [&] {
                                 forward->logits_by_slice(std::span(start).first(static_cast<std::size_t>(values)), {},
                                                          [](int, Token, auto) {});
                               }));
  }
  return speed;
}

double Speed::at(const Curve& curve, int rows) {
  if (rows == 0 || curve.empty()) return 0;
  for (std::size_t i = 1; i < curve.size(); ++i) {
    const auto& [a, slow] = curve[i - 1];
    const auto& [b, fast] = curve[i];
    if (rows <= b) return slow + (fast - slow) * (rows - a) / (b - a);
  }
  return curve.back().second * std::max(1.0, static_cast<double>(rows) / curve.back().first);
}

double Speed::seconds(const ModelConfig& c, const PlannedPass& pass) const {
  const double kv = 2.0 * c.d * c.kv_size();
  const double whole = kv + 2.0 * c.d * c.q_size() + 3.0 * c.d * c.f;
  const int layers = pass.end - pass.first;
  const double last = pass.last_rows < pass.rows ? kv / whole * at(layer_, pass.rows) + at(layer_, pass.last_rows)
                                                 : at(layer_, pass.rows);
  return (layers - 1) * at(layer_, pass.rows) + last + at(output_, pass.logit_rows);
}

}  // namespace mobiedit
