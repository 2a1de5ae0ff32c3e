#include "edit/statistics/fisher_metric.h"

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <new>

#include "base/random.h"
#include "edit/statistics/cache.h"
#include "kernels/float_product.h"
#include "kernels/vector_ops.h"

namespace mobiedit {
namespace {

using Matrix = Eigen::MatrixXf;

constexpr std::size_t window = 256;
constexpr std::size_t metric_tokens_per_dimension = 60;  // a text with less than a tenth of it is refused
// Share of the mean eigenvalue. Directions with the least curvature get about three times the mean length.
constexpr double floor_share = 0.1;

constexpr const char* factor_tensor_name = "factor";  // A [d, d]

// Replaces logits by the gradient of −log p(y) by them, with y drawn from p.
void draw(std::span<float> logits, Random& random) {
  const float lse = kernels::log_sum_exp(logits);
  for (float& x : logits) x = std::exp(x - lse);
  double left = random.uniform();
  std::size_t y = 0;
  while (y + 1 < logits.size() && left >= logits[y]) left -= logits[y++];
  logits[y] -= 1.0f;
}

}  // namespace

Result<FisherMetric> FisherMetric::from_text(ForwardPass& forward, Tape& tape, const PassOptions& pass,
                                             const Tokenizer& tokenizer, std::string_view text, int layer,
                                             const CancelToken& cancel) try {
  const ModelConfig& c = forward.config();
  const auto d = static_cast<std::size_t>(c.d), vocab = static_cast<std::size_t>(c.vocab);
  const std::vector<Token> tokens = tokenizer.encode(text);
  const std::size_t wanted = metric_tokens_per_dimension * d;
  if (tokens.size() < wanted / 10)
    return fail(ErrorCode::usage,
                "the text has " + std::to_string(tokens.size()) + " tokens; the Fisher metric needs at least " +
                    std::to_string(wanted / 10),
                {}, "give a longer text");
  const std::size_t length = std::min({window, tokens.size(), static_cast<std::size_t>(c.context)});
  const std::size_t windows = std::min(tokens.size() / length, (wanted + length - 1) / length);
  std::vector<int> all(length);
  for (std::size_t i = 0; i < length; ++i) all[i] = static_cast<int>(i);

  Matrix moment = Matrix::Zero(c.d, c.d);
  // One vector per row, all zero: the tape gives the gradient by each.
  const std::vector<float> zeros(length * d, 0.0f);
  std::vector<float> residual(length * d), values(length * d), slopes;
  std::vector<Injection> every_row;
  for (const int row : all) every_row.push_back({row, row, 1.0f});
  const Injections injections{layer, zeros, every_row, values.data()};
  const Capture capture{.layer = layer, .values = values.data()};
  for (std::size_t i = 0; i < windows; ++i) {
    if (cancel.requested()) return fail(ErrorCode::cancelled, "stopped");
    const std::size_t at = i * (tokens.size() / length) / windows * length;
    forward.embed(std::span(tokens).subspan(at, length), residual);
    const BatchSequence sequence{nullptr, 0, static_cast<int>(length), nullptr};
    forward.run_layers({0, layer + 1}, residual, {&sequence, 1}, pass.with_capture(capture));
    tape.record(residual, {&sequence, 1}, pass.with_outputs(all).with_injections(injections));
    slopes.assign(tape.logits().begin(), tape.logits().end());
    Random random(i, 4);
    for (std::size_t row = 0; row < length; ++row) draw(std::span(slopes).subspan(row * vocab, vocab), random);
    tape.pull_back(slopes);
    const Eigen::Map<const Matrix> g(tape.vector_gradient().data(), c.d, static_cast<Eigen::Index>(length));
    moment.selfadjointView<Eigen::Lower>().rankUpdate(g);
  }
  moment = Matrix(moment.selfadjointView<Eigen::Lower>()) / static_cast<float>(windows * length);
  return from_moment({moment.data(), static_cast<std::size_t>(moment.size())}, c.d);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the Fisher metric of running text");
}

Result<FisherMetric> FisherMetric::from_moment(std::span<const float> moment, int d) {
  const Eigen::Map<const Matrix> h(moment.data(), d, d);
  const double mean = h.cast<double>().trace() / d;
  if (!h.allFinite() || !(mean > 0))
    return fail(ErrorCode::usage, "the Fisher metric of the text is zero or not finite at this layer");
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(h / static_cast<float>(mean));
  const Eigen::ArrayXf stretch =
      ((solver.eigenvalues().array().max(0.0f) + static_cast<float>(floor_share)) / static_cast<float>(1 + floor_share))
          .rsqrt();
  const Matrix a = solver.eigenvectors() * stretch.matrix().asDiagonal() * solver.eigenvectors().transpose();
  return FisherMetric({a.data(), a.data() + a.size()}, d);
}

void FisherMetric::through(std::span<const float> rows, std::span<float> out) const {
  kernels::float_product(rows, a_, d_, out);
}

void FisherMetric::add_to(gguf::Writer& file) const {
  add_float_values(file, factor_tensor_name, a_);
}

std::optional<FisherMetric> FisherMetric::from_file(const gguf::File& file, int d) {
  const auto n = static_cast<std::uint64_t>(d);
  const auto values = float_values(file, factor_tensor_name, n * n);
  if (!values ||
      !Eigen::Map<const Eigen::ArrayXf>(values->data(), static_cast<Eigen::Index>(values->size())).allFinite())
    return {};
  return FisherMetric({values->begin(), values->end()}, d);
}

}  // namespace mobiedit
