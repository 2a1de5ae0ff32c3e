#include "edit/statistics/key_covariance.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <utility>

#include "edit/statistics/cache.h"
#include "kernels/vector_ops.h"

namespace mobiedit {
namespace {

using Matrix = Eigen::MatrixXf;

// Keys of running text hardly use many directions. This share of the mean variance bounds C⁻¹ there.
constexpr float ridge = 1e-2f;
constexpr std::size_t chunk_tokens = 256;
// About 10 tokens per dimension are enough (FastMEMIT, arXiv 2506.04226). Twice that is safe.
constexpr std::size_t tokens_per_dimension = 20;
// With fewer tokens than one per dimension the moment has directions without any, and the ridge grows.
constexpr float fewest_per_dimension = 1;

// In the file: the factor's lower triangle, column by column, and the number of tokens behind it.
constexpr const char* factor_tensor = "factor";
constexpr const char* tokens_key = "tokens";
constexpr std::uint64_t most_tokens = 1u << 30;

}  // namespace

// Cholesky factor, its lower triangle column by column: column j begins with its diagonal and has f − j values. It is
// held in memory, or stays in its file, whose pages are dropped once read: at f = 11,008 it is 242 MB.
struct KeyCovariance::Factor {
  std::size_t f = 0;
  int tokens = 0;
  Matrix held;
  std::optional<gguf::File> file;
  std::span<const float> filed;

  [[nodiscard]] std::size_t column_at(std::size_t j) const { return j * f - j * (j - 1) / 2; }
  [[nodiscard]] std::span<const float> values() const {
    return file ? filed : std::span(std::as_const(held).data(), column_at(f));
  }
  [[nodiscard]] std::span<const float> column(std::size_t j) const { return values().subspan(column_at(j), f - j); }

  // Releases columns [begin, end), which are not read again for now.
  void pass(std::size_t begin, std::size_t end) const {
    if (file) file->release_pages(std::as_bytes(filed.subspan(column_at(begin), column_at(end) - column_at(begin))));
  }

  // Calls work(j) for every column, from the first or from the last.
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
  std::vector<std::span<const Token>> rows;
  // Chunks are spread evenly over the text, so that each part of it counts.
  for (std::size_t i = 0; i < used; ++i)
    rows.push_back(std::span<const Token>(tokens).subspan(i * chunks / used * length, length));
  return from_rows(forward, pass, rows, layer, cancel);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for a layer's key covariance");
}

Result<KeyCovariance> KeyCovariance::from_rows(ForwardPass& forward, const PassOptions& pass,
                                               std::span<const std::span<const Token>> rows, int layer,
                                               const CancelToken& cancel) try {
  const ModelConfig& c = forward.config();
  const auto f = static_cast<std::size_t>(c.f);
  auto factor = std::make_unique<Factor>();
  Matrix& lower = factor->held;
  lower = Matrix::Zero(c.f, c.f);
  std::vector<float> residual, keys;
  for (std::size_t begin = 0, end = 0; begin < rows.size(); begin = end) {
    if (cancel.requested()) return fail(ErrorCode::cancelled, "stopped");
    std::vector<Token> tokens;
    std::vector<BatchSequence> sequences;
    while (end < rows.size() && (end == begin || tokens.size() + rows[end].size() <= chunk_tokens)) {
      tokens.insert(tokens.end(), rows[end].begin(), rows[end].end());
      sequences.push_back({nullptr, 0, static_cast<int>(rows[end++].size()), nullptr});
    }
    residual.resize(tokens.size() * static_cast<std::size_t>(c.d));
    keys.resize(tokens.size() * f);
    forward.embed(tokens, residual);
    const Capture capture{layer, keys.data(), nullptr, true};
    forward.run_layers({0, layer + 1}, residual, sequences, pass.with_capture(capture));
    const Eigen::Map<const Matrix> k(keys.data(), c.f, static_cast<Eigen::Index>(tokens.size()));
    lower.selfadjointView<Eigen::Lower>().rankUpdate(k);
    factor->tokens += static_cast<int>(tokens.size());
  }
  if (factor->tokens == 0) return fail(ErrorCode::usage, "there are no tokens for statistics of the model's keys");
  lower /= static_cast<float>(factor->tokens);
  const float few = fewest_per_dimension * static_cast<float>(f) / static_cast<float>(factor->tokens);
  lower.diagonal().array() += ridge * std::max(1.0f, few) * lower.diagonal().mean();
  Eigen::LLT<Eigen::Ref<Matrix>> decomposition(lower);
  if (decomposition.info() != Eigen::Success)
    return fail(ErrorCode::usage, "the text is too uniform for statistics of the model's keys", {},
                "give a more varied text");
  // Packs the triangle in place, towards the front.
  factor->f = f;
  for (std::size_t j = 0; j < f; ++j)
    std::memmove(lower.data() + factor->column_at(j), lower.data() + j * f + j, (f - j) * sizeof(float));
  return KeyCovariance(std::move(factor));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for a layer's key covariance");
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

void KeyCovariance::add_to(gguf::Writer& file) const {
  file.set_u32(tokens_key, static_cast<std::uint32_t>(factor_->tokens));
  add_float_values(file, factor_tensor, factor_->values());
}

std::optional<KeyCovariance> KeyCovariance::from_file(gguf::File file, int f) {
  const auto n = static_cast<std::uint64_t>(f);
  const auto values = float_values(file, factor_tensor, n * (n + 1) / 2);
  const auto tokens = file.integer(tokens_key);
  if (!values || !tokens || !*tokens || **tokens > most_tokens) return {};
  auto factor = std::make_unique<Factor>();
  factor->f = static_cast<std::size_t>(f);
  factor->tokens = static_cast<int>(**tokens);
  factor->filed = *values;  // the mapping stays where it is when the file is moved
  factor->file.emplace(std::move(file));
  // A damaged factor shows in no other way than by a useless edit.
  bool sound = true;
  factor->each_column(true, [&](std::size_t j) {
    const std::span<const float> column = factor->column(j);
    sound = sound && column[0] > 0 &&
            Eigen::Map<const Eigen::ArrayXf>(column.data(), static_cast<Eigen::Index>(column.size())).allFinite();
  });
  if (!sound) return {};
  return KeyCovariance(std::move(factor));
}

}  // namespace mobiedit
