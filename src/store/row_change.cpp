#include "store/row_change.h"

#include <vector>

#include "base/try.h"
#include "gguf/codec/rows.h"
#include "store/code_search.h"

namespace mobiedit {
namespace {

/// Codes change, scales stay.
RowChange change_codes(const gguf::Codec& codec, const Eigen::MatrixXf& h, std::span<const float> change,
                       std::span<std::byte> bytes) {
  const std::size_t f = change.size();
  std::vector<std::int16_t> codes(f);
  std::vector<float> steps(f);
  gguf::read_codes(codec, bytes, codes, steps);
  const std::vector<std::int16_t> before = codes;
  RowChange done;
  Eigen::VectorXf gradient;
  choose_codes(h, steps, change, codec.codes, codes, gradient, done.residual);
  gguf::write_codes(codec, codes, bytes);
  for (std::size_t j = 0; j < f; ++j) done.changed += codes[j] != before[j] ? 1u : 0u;
  return done;
}

/// Every value is rounded to the nearest; then some move on by one or two of their steps. A neighbour of a rounded
/// value is a value of the type, so rounding it again leaves it.
Result<RowChange> change_floats(const gguf::Codec& codec, const Eigen::MatrixXf& h, std::span<const float> change,
                                std::span<std::byte> bytes) {
  const std::size_t f = change.size();
  std::vector<float> before(f), wanted(f), rounded(f), steps(f);
  gguf::dequantize(codec.type, bytes, before);
  for (std::size_t j = 0; j < f; ++j) wanted[j] = before[j] + change[j];
  MOBIEDIT_CHECK(gguf::quantize(codec.type, wanted, bytes));
  gguf::dequantize(codec.type, bytes, rounded);
  for (std::size_t j = 0; j < f; ++j) {
    wanted[j] -= rounded[j];
    steps[j] = gguf::float_step(codec, rounded[j]);
  }
  std::vector<std::int16_t> moves(f);
  RowChange done;
  Eigen::VectorXf gradient;
  choose_codes(h, steps, wanted, {.least = -2, .most = 2}, moves, gradient, done.residual);
  for (std::size_t j = 0; j < f; ++j) rounded[j] += static_cast<float>(moves[j]) * steps[j];
  MOBIEDIT_CHECK(gguf::quantize(codec.type, rounded, bytes));
  for (std::size_t j = 0; j < f; ++j) done.changed += rounded[j] != before[j] ? 1u : 0u;
  return done;
}

}  // namespace

Result<RowChange> change_row(const gguf::Codec& codec, const Eigen::MatrixXf& h, std::span<const float> change,
                             std::span<std::byte> bytes) {
  if (codec.write_codes != nullptr) return change_codes(codec, h, change, bytes);
  return change_floats(codec, h, change, bytes);
}

}  // namespace mobiedit
