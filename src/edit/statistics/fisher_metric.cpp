#include "edit/statistics/fisher_metric.h"

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>

#include "base/random.h"
#include "io/mapped_file.h"
#include "io/write_whole.h"
#include "kernels/float_product.h"
#include "kernels/vector_ops.h"

namespace mobiedit {
namespace {

using Matrix = Eigen::MatrixXf;

constexpr std::size_t window = 256;
constexpr std::size_t metric_tokens_per_dimension = 60;  // wanted; a tenth of it is the least
// Of the mean eigenvalue: directions that text hardly feels may be some three times as long as the mean one.
constexpr double floor_share = 0.1;

struct MetricHeader {
  char magic[8] = {'M', 'E', 'T', 'M', 'E', '0', '1', '\n'};
  std::uint32_t d = 0;
  std::uint32_t reserved = 0;
};

// The slope of −log p(y) by the logits, in their place, with y drawn from p.
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
                "the text has " + std::to_string(tokens.size()) + " tokens; the metric of running text needs " +
                    std::to_string(wanted / 10),
                {}, "give a longer text");
  const std::size_t length = std::min({window, tokens.size(), static_cast<std::size_t>(c.context)});
  const std::size_t windows = std::min(tokens.size() / length, (wanted + length - 1) / length);
  std::vector<int> all(length);
  for (std::size_t i = 0; i < length; ++i) all[i] = static_cast<int>(i);

  Matrix moment = Matrix::Zero(c.d, c.d);
  std::vector<float> residual(length * d), slopes;
  for (std::size_t i = 0; i < windows; ++i) {
    if (cancel.requested()) return fail(ErrorCode::cancelled, "stopped");
    const std::size_t at = i * (tokens.size() / length) / windows * length;
    forward.embed(std::span(tokens).subspan(at, length), residual);
    const BatchSequence sequence{nullptr, 0, static_cast<int>(length), nullptr};
    forward.run_layers({0, layer + 1}, residual, {&sequence, 1}, pass);
    tape.record(residual, {&sequence, 1}, pass.with_outputs(all));
    slopes.assign(tape.logits().begin(), tape.logits().end());
    Random random(i, 4);
    for (std::size_t row = 0; row < length; ++row) draw(std::span(slopes).subspan(row * vocab, vocab), random);
    const std::span<const float> by_residual = tape.pull_back(slopes);
    const Eigen::Map<const Matrix> g(by_residual.data(), c.d, static_cast<Eigen::Index>(length));
    moment.selfadjointView<Eigen::Lower>().rankUpdate(g);
  }
  moment = Matrix(moment.selfadjointView<Eigen::Lower>()) / static_cast<float>(windows * length);
  return from_moment({moment.data(), static_cast<std::size_t>(moment.size())}, c.d);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to measure what running text feels");
}

Result<FisherMetric> FisherMetric::from_moment(std::span<const float> moment, int d) {
  const Eigen::Map<const Matrix> h(moment.data(), d, d);
  const double mean = h.cast<double>().trace() / d;
  if (!h.allFinite() || !(mean > 0)) return fail(ErrorCode::usage, "running text feels nothing of this block");
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

Status FisherMetric::write(const std::string& path) const {
  MetricHeader header;
  header.d = static_cast<std::uint32_t>(d_);
  return io::write_whole(path, sizeof header + a_.size() * sizeof(float), [&](io::PendingFile& file) -> Status {
    if (auto s = file.write(std::as_bytes(std::span(&header, 1))); !s) return s;
    return file.write(std::as_bytes(std::span(a_)));
  });
}

Result<FisherMetric> FisherMetric::read(const std::string& path, int d) try {
  auto file = io::MappedFile::open(path);
  if (!file) return std::unexpected(file.error());
  const auto bytes = file->bytes();
  const auto n = static_cast<std::size_t>(d) * static_cast<std::size_t>(d);
  const MetricHeader expected;
  if (bytes.size() != sizeof expected + n * sizeof(float) ||
      std::memcmp(bytes.data(), expected.magic, sizeof expected.magic) != 0)
    return fail(ErrorCode::bad_model, "not the metric of running text of this model", path, "delete it");
  std::vector<float> a(n);
  std::memcpy(a.data(), bytes.data() + sizeof expected, n * sizeof(float));
  if (!Eigen::Map<const Eigen::ArrayXf>(a.data(), static_cast<Eigen::Index>(n)).allFinite())
    return fail(ErrorCode::bad_model, "the metric of running text in it is damaged", path, "delete it");
  return FisherMetric(std::move(a), d);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the metric of running text", path);
}

}  // namespace mobiedit
