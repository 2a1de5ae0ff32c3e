#include "edit/statistics/key_covariance.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <optional>

#include "io/mapped_file.h"
#include "io/write_whole.h"
#include "kernels/vector_ops.h"

namespace mobiedit {
namespace {

using Matrix = Eigen::MatrixXf;

// Keys of running text leave many directions all but unused; this much of the mean variance keeps C⁻¹ tame there.
constexpr float ridge = 1e-2f;
constexpr int chunk_tokens = 256;
// About 10 tokens a dimension are enough (FastMEMIT, arXiv 2506.04226); twice that, to be on the safe side.
constexpr std::size_t tokens_per_dimension = 20;

// The file: this header, then the factor's lower triangle, column by column, as float32 of this machine.
struct CovarianceHeader {
  char magic[8] = {'M', 'E', 'C', 'O', 'V', '0', '1', '\n'};
  std::uint32_t f = 0;
  std::uint32_t tokens = 0;
};

}  // namespace

// The factor's lower triangle, column by column: column j begins with its diagonal and has f − j values. Either held in
// memory or lying in its file, whose pages come and go as it is read: at f = 11,008 it is 242 MB.
struct KeyCovariance::Factor {
  std::size_t f = 0;
  int tokens = 0;
  Matrix held;
  std::optional<io::MappedFile> file;

  [[nodiscard]] std::size_t column_at(std::size_t j) const { return j * f - j * (j - 1) / 2; }

  [[nodiscard]] std::span<const float> column(std::size_t j) const {
    const float* values =
        file ? reinterpret_cast<const float*>(file->bytes().data() + sizeof(CovarianceHeader)) : held.data();
    return {values + column_at(j), f - j};
  }

  // Columns [begin, end) are done with for now.
  void pass(std::size_t begin, std::size_t end) const {
    if (file)
      file->release(sizeof(CovarianceHeader) + column_at(begin) * sizeof(float),
                    (column_at(end) - column_at(begin)) * sizeof(float));
  }

  // work(j) for every column, from the first or from the last.
  template <class Work>
  void each_column(bool forwards, const Work& work) const {
    constexpr std::size_t at_once = 64;
    const std::size_t groups = (f + at_once - 1) / at_once;
    for (std::size_t i = 0; i < groups; ++i) {
      const std::size_t begin = (forwards ? i : groups - 1 - i) * at_once, end = std::min(f, begin + at_once);
      for (std::size_t c = 0; c < end - begin; ++c) work(forwards ? begin + c : end - 1 - c);
      pass(begin, end);
    }
  }
};

KeyCovariance::KeyCovariance(std::unique_ptr<Factor> factor) : factor_(std::move(factor)) {}
KeyCovariance::KeyCovariance(KeyCovariance&&) noexcept = default;
KeyCovariance& KeyCovariance::operator=(KeyCovariance&&) noexcept = default;
KeyCovariance::~KeyCovariance() = default;

int KeyCovariance::tokens() const {
  return factor_->tokens;
}

Result<KeyCovariance> KeyCovariance::from_text(ForwardPass& forward, const PassOptions& pass,
                                               const Tokenizer& tokenizer, std::string_view text, int layer,
                                               const CancelToken& cancel) try {
  const ModelConfig& c = forward.config();
  const auto f = static_cast<std::size_t>(c.f);
  std::vector<Token> tokens = tokenizer.encode(text, {.add_special = false});
  if (tokens.size() < f)
    return fail(ErrorCode::usage,
                "the text has " + std::to_string(tokens.size()) + " tokens; statistics of keys of length " +
                    std::to_string(f) + " need at least as many, better ten times that",
                {}, "give a longer text");

  const std::size_t length = std::min<std::size_t>(chunk_tokens, static_cast<std::size_t>(c.context));
  const std::size_t chunks = tokens.size() / length;
  const std::size_t used = std::min(chunks, f * tokens_per_dimension / length + 1);
  auto factor = std::make_unique<Factor>();
  Matrix& lower = factor->held;
  lower = Matrix::Zero(c.f, c.f);
  std::vector<float> residual(length * static_cast<std::size_t>(c.d)), keys(length * f);
  for (std::size_t i = 0; i < used; ++i) {
    if (cancel.requested()) return fail(ErrorCode::cancelled, "stopped");
    // Spread over the text, so that its first part does not stand for all of it.
    const std::size_t chunk = i * chunks / used;
    forward.embed(std::span(tokens).subspan(chunk * length, length), residual);
    const BatchSequence sequence{nullptr, 0, static_cast<int>(length), nullptr};
    const Capture capture{layer, keys.data(), nullptr, true};
    forward.run_layers({0, layer + 1}, residual, {&sequence, 1}, pass.with_capture(capture));
    const Eigen::Map<const Matrix> k(keys.data(), c.f, static_cast<Eigen::Index>(length));
    lower.selfadjointView<Eigen::Lower>().rankUpdate(k);
    factor->tokens += static_cast<int>(length);
  }
  lower /= static_cast<float>(factor->tokens);
  lower.diagonal().array() += ridge * lower.diagonal().mean();
  Eigen::LLT<Eigen::Ref<Matrix>> decomposition(lower);
  if (decomposition.info() != Eigen::Success)
    return fail(ErrorCode::usage, "the text is too uniform for statistics of the model's keys", {},
                "give a more varied text");
  // Moved together in place, towards the front.
  factor->f = f;
  for (std::size_t j = 0; j < f; ++j)
    std::memmove(lower.data() + factor->column_at(j), lower.data() + j * f + j, (f - j) * sizeof(float));
  return KeyCovariance(std::move(factor));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the statistics of a block's keys");
}

std::vector<float> KeyCovariance::solve(std::span<const float> keys) const {
  const std::size_t f = factor_->f;
  std::vector<float> u(keys.begin(), keys.end());
  factor_->each_column(true, [&](std::size_t j) {
    const std::span<const float> column = factor_->column(j);
    for (std::size_t at = 0; at < u.size(); at += f) {
      const std::span<float> rest = std::span(u).subspan(at + j, f - j);
      const float y = rest[0] / column[0];
      kernels::axpy(-y, column, rest);
      rest[0] = y;
    }
  });
  factor_->each_column(false, [&](std::size_t j) {
    const std::span<const float> column = factor_->column(j);
    for (std::size_t at = 0; at < u.size(); at += f) {
      const std::span<float> rest = std::span(u).subspan(at + j, f - j);
      rest[0] = (rest[0] - kernels::dot(column.subspan(1), rest.subspan(1))) / column[0];
    }
  });
  return u;
}

std::vector<float> KeyCovariance::matrix() const {
  const auto f = static_cast<Eigen::Index>(factor_->f);
  Matrix lower = Matrix::Zero(f, f);
  for (std::size_t j = 0; j < factor_->f; ++j) {
    const std::span<const float> column = factor_->column(j);
    std::ranges::copy(column, lower.data() + j * factor_->f + j);
  }
  const Matrix c = lower.triangularView<Eigen::Lower>() * lower.transpose();
  return {c.data(), c.data() + c.size()};
}

int KeyCovariance::length() const {
  return static_cast<int>(factor_->f);
}

Status KeyCovariance::write(const std::string& path) const {
  CovarianceHeader header;
  header.f = static_cast<std::uint32_t>(factor_->f);
  header.tokens = static_cast<std::uint32_t>(factor_->tokens);
  const auto f = static_cast<std::uint64_t>(factor_->f);
  return io::write_whole(path, sizeof header + f * (f + 1) / 2 * sizeof(float), [&](io::PendingFile& sink) -> Status {
    if (auto s = sink.write(std::as_bytes(std::span(&header, 1))); !s) return s;
    for (std::size_t column = 0; column < f; ++column)
      if (auto s = sink.write(std::as_bytes(factor_->column(column))); !s) return s;
    return {};
  });
}

Result<KeyCovariance> KeyCovariance::read(const std::string& path, int f) try {
  auto file = io::MappedFile::open(path);
  if (!file) return std::unexpected(file.error());
  const auto bytes = file->bytes();
  const auto n = static_cast<std::uint64_t>(f);
  CovarianceHeader header;
  const CovarianceHeader expected;
  if (bytes.size() != sizeof header + n * (n + 1) / 2 * sizeof(float))
    return fail(ErrorCode::bad_model, "not the statistics of this model", path, "delete it");
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.magic, expected.magic, sizeof header.magic) != 0 || header.f != n)
    return fail(ErrorCode::bad_model, "not the statistics of this model", path, "delete it");
  auto factor = std::make_unique<Factor>();
  factor->f = static_cast<std::size_t>(f);
  factor->tokens = static_cast<int>(std::min<std::uint32_t>(header.tokens, 1u << 30));
  factor->file.emplace(std::move(*file));
  // A damaged factor would only show as a useless edit; what is no number, or a diagonal that is not positive, shows
  // here.
  bool sound = true;
  factor->each_column(true, [&](std::size_t j) {
    const std::span<const float> column = factor->column(j);
    sound = sound && column[0] > 0 &&
            Eigen::Map<const Eigen::ArrayXf>(column.data(), static_cast<Eigen::Index>(column.size())).allFinite();
  });
  if (!sound) return fail(ErrorCode::bad_model, "the statistics in it are damaged", path, "delete it");
  return KeyCovariance(std::move(factor));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the statistics of a block's keys", path);
}

}  // namespace mobiedit
