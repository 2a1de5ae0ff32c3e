#include "gguf/codes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"

namespace mobiedit::gguf {
namespace {

class Codes : public ::testing::TestWithParam<TensorType> {
 protected:
  static constexpr std::size_t columns = 512;
  /// Any bytes are a row; halves with an exponent of all ones are no numbers, so scales are made small ones.
  static std::vector<std::byte> random_row(TensorType type) {
    std::vector<std::byte> bytes(row_bytes(type, columns));
    Random random(7, static_cast<std::uint64_t>(type));
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.below(256));
    const TypeTraits& t = *traits(type);
    for (std::size_t block = 0; block < bytes.size(); block += t.block_bytes) {
      const std::size_t scale = type == TensorType::q6_k ? 208 : 0;
      bytes[block + scale + 1] = std::byte{0x24};  // about 0.016
      if (type == TensorType::q4_k) bytes[block + 3] = std::byte{0x20};
    }
    return bytes;
  }
  static std::vector<float> values(TensorType type, const std::vector<std::byte>& bytes) {
    std::vector<float> out(columns);
    dequantize(type, bytes, out);
    return out;
  }
};

TEST_P(Codes, AStepMovesTheValueByTheStepAndNothingElse) {
  const auto bytes = random_row(GetParam());
  const auto before = values(GetParam(), bytes);
  std::vector<std::int16_t> codes(columns);
  std::vector<float> steps(columns);
  read_codes(GetParam(), bytes, codes, steps);
  const CodeRange range = code_range(GetParam());
  for (std::size_t i = 0; i < columns; i += 7) {
    auto changed = codes;
    const int direction = codes[i] < range.most ? 1 : -1;
    changed[i] = static_cast<std::int16_t>(codes[i] + direction);
    auto written = bytes;
    write_codes(GetParam(), changed, written);
    const auto after = values(GetParam(), written);
    for (std::size_t j = 0; j < columns; ++j) {
      if (j != i) ASSERT_EQ(after[j], before[j]) << i << " moved " << j;
    }
    // One rounding at most, of a sum: dequantize.cpp.
    ASSERT_NEAR(after[i], before[i] + static_cast<float>(direction) * steps[i], 1e-5f * (1 + std::fabs(before[i])))
        << i;
    ASSERT_NE(steps[i] == 0, after[i] != before[i]) << i;
  }
}

TEST_P(Codes, WhatWasReadAndWrittenIsTheSame) {
  const auto bytes = random_row(GetParam());
  std::vector<std::int16_t> codes(columns);
  std::vector<float> steps(columns);
  read_codes(GetParam(), bytes, codes, steps);
  auto written = bytes;
  write_codes(GetParam(), codes, written);
  EXPECT_EQ(written, bytes);
}

INSTANTIATE_TEST_SUITE_P(Types, Codes,
                         ::testing::Values(TensorType::q4_0, TensorType::q8_0, TensorType::q4_k, TensorType::q6_k),
                         [](const auto& info) { return std::string(traits(info.param)->name); });

}  // namespace
}  // namespace mobiedit::gguf
