#include "edit/covariance.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>

#include "io/mapped_file.h"
#include "io/write_whole.h"

namespace mobiedit {
namespace {

using Matrix = Eigen::MatrixXf;

// Keys of running text leave many directions all but unused; this much of the mean variance keeps C⁻¹ tame there.
constexpr float ridge = 1e-2f;
constexpr int chunk_tokens = 256;
// About 10 tokens a dimension are enough (FastMEMIT, arXiv 2506.04226); twice that, to be on the safe side.
constexpr std::size_t tokens_per_dimension = 20;

// The file: this header, then the factor's lower triangle, column by column, as float32 of this machine.
struct Header {
  char magic[8] = {'M', 'E', 'C', 'O', 'V', '0', '1', '\n'};
  std::uint32_t f = 0;
  std::uint32_t tokens = 0;
};

}  // namespace

struct Covariance::Factor {
  Matrix lower;
  int tokens = 0;
};

Covariance::Covariance(std::unique_ptr<Factor> factor) : factor_(std::move(factor)) {}
Covariance::Covariance(Covariance&&) noexcept = default;
Covariance& Covariance::operator=(Covariance&&) noexcept = default;
Covariance::~Covariance() = default;

int Covariance::tokens() const {
  return factor_->tokens;
}

Result<Covariance> Covariance::from_text(Forward& forward, const Tokenizer& tokenizer, std::string_view text, int layer,
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
  factor->lower = Matrix::Zero(c.f, c.f);
  std::vector<float> residual(length * static_cast<std::size_t>(c.d)), keys(length * f);
  for (std::size_t i = 0; i < used; ++i) {
    if (cancel.requested()) return fail(ErrorCode::cancelled, "stopped");
    // Spread over the text, so that its first part does not stand for all of it.
    const std::size_t chunk = i * chunks / used;
    forward.embed(std::span(tokens).subspan(chunk * length, length), residual.data());
    const BatchSequence sequence{nullptr, 0, static_cast<int>(length), nullptr};
    const Capture capture{layer, keys.data(), nullptr, true};
    forward.run_blocks(0, layer + 1, residual.data(), {&sequence, 1}, {}, &capture);
    const Eigen::Map<const Matrix> k(keys.data(), c.f, static_cast<Eigen::Index>(length));
    factor->lower.selfadjointView<Eigen::Lower>().rankUpdate(k);
    factor->tokens += static_cast<int>(length);
  }
  factor->lower /= static_cast<float>(factor->tokens);
  factor->lower.diagonal().array() += ridge * factor->lower.diagonal().mean();
  Eigen::LLT<Eigen::Ref<Matrix>> decomposition(factor->lower);
  if (decomposition.info() != Eigen::Success)
    return fail(ErrorCode::usage, "the text is too uniform for statistics of the model's keys", {},
                "give a more varied text");
  return Covariance(std::move(factor));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the statistics of a block's keys");
}

std::vector<float> Covariance::solve(std::span<const float> key) const {
  Eigen::VectorXf u = Eigen::Map<const Eigen::VectorXf>(key.data(), static_cast<Eigen::Index>(key.size()));
  factor_->lower.triangularView<Eigen::Lower>().solveInPlace(u);
  factor_->lower.transpose().triangularView<Eigen::Upper>().solveInPlace(u);
  return {u.begin(), u.end()};
}

Status Covariance::write(const std::string& path) const {
  const Matrix& l = factor_->lower;
  Header header;
  header.f = static_cast<std::uint32_t>(l.rows());
  header.tokens = static_cast<std::uint32_t>(factor_->tokens);
  const auto f = static_cast<std::uint64_t>(l.rows());
  return io::write_whole(path, sizeof header + f * (f + 1) / 2 * sizeof(float), [&](io::PendingFile& sink) -> Status {
    if (auto s = sink.write(std::as_bytes(std::span(&header, 1))); !s) return s;
    for (Eigen::Index column = 0; column < l.cols(); ++column)
      if (auto s =
              sink.write(std::as_bytes(std::span(&l(column, column), static_cast<std::size_t>(l.rows() - column))));
          !s)
        return s;
    return {};
  });
}

Result<Covariance> Covariance::read(const std::string& path, int f) try {
  auto file = io::MappedFile::open(path);
  if (!file) return std::unexpected(file.error());
  const auto bytes = file->bytes();
  const auto n = static_cast<std::uint64_t>(f);
  Header header;
  const Header expected;
  if (bytes.size() != sizeof header + n * (n + 1) / 2 * sizeof(float))
    return fail(ErrorCode::bad_model, "not the statistics of this model", path, "delete it");
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.magic, expected.magic, sizeof header.magic) != 0 || header.f != n)
    return fail(ErrorCode::bad_model, "not the statistics of this model", path, "delete it");
  auto factor = std::make_unique<Factor>();
  factor->tokens = static_cast<int>(std::min<std::uint32_t>(header.tokens, 1u << 30));
  factor->lower = Matrix::Zero(f, f);
  const std::byte* at = bytes.data() + sizeof header;
  for (Eigen::Index column = 0; column < f; ++column) {
    const auto count = static_cast<std::size_t>(f - column);
    std::memcpy(&factor->lower(column, column), at, count * sizeof(float));
    at += count * sizeof(float);
  }
  // A damaged factor would only show as a useless edit; a diagonal that is no number or not positive shows here.
  if (!(factor->lower.diagonal().array() > 0).all() || !factor->lower.allFinite())
    return fail(ErrorCode::bad_model, "the statistics in it are damaged", path, "delete it");
  return Covariance(std::move(factor));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the statistics of a block's keys", path);
}

}  // namespace mobiedit
