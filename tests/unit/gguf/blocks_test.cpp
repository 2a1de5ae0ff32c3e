// Block codecs against what llama.cpp's own tools read and wrote; tests/golden/make_*.py say how the goldens were made.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/half.h"
#include "base/random.h"
#include "gguf/codec/codec.h"
#include "mobiedit/gguf/types.h"

namespace mobiedit::gguf {
namespace {

nlohmann::json golden(const std::string& name) {
  std::ifstream file(std::string(MOBIEDIT_SOURCE_DIR "/tests/golden/") + name);
  return nlohmann::json::parse(file);
}

template <class T>
std::vector<T> from_hex(const std::string& hex) {
  std::vector<T> out(hex.size() / 2 / sizeof(T));
  auto* bytes = reinterpret_cast<unsigned char*>(out.data());
  for (std::size_t i = 0; i < out.size() * sizeof(T); ++i) {
    bytes[i] = static_cast<unsigned char>(std::stoi(hex.substr(2 * i, 2), nullptr, 16));
  }
  return out;
}

// Equality of bits: docs/formats.md argues why no rounding is left to chance.
TEST(Dequantize, GivesWhatTheReferenceGivesBitForBit) {
  const nlohmann::json blocks = golden("blocks.json");
  for (const Codec* codec : codecs()) {
    const TensorType type = codec->type;
    const std::string name(codec->traits.name);
    ASSERT_TRUE(blocks.contains(name)) << "tests/golden/make_blocks.py makes blocks of " << name;
    const auto bytes = from_hex<std::byte>(blocks.at(name).at("bytes"));
    const auto expected = from_hex<float>(blocks.at(name).at("values"));
    ASSERT_GE(expected.size(), 32u) << name;
    ASSERT_EQ(bytes.size(), row_bytes(type, expected.size())) << name;
    std::vector<float> values(expected.size());
    dequantize(type, bytes, values);
    for (std::size_t i = 0; i < values.size(); ++i) {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(values[i]), std::bit_cast<std::uint32_t>(expected[i]))
          << name << " value " << i << ": " << values[i] << " instead of " << expected[i];
    }
  }
}

TEST(Quantize, GivesWhatTheReferenceGivesBitForBit) {
  const nlohmann::json blocks = golden("quantised.json");
  const auto values = from_hex<float>(blocks.at("F32"));
  ASSERT_EQ(values.size(), 40u * 32u);
  for (const TensorType type :
       {TensorType::f32, TensorType::f16, TensorType::q8_0, TensorType::q4_0, TensorType::q4_1, TensorType::q5_1}) {
    const std::string name(traits(type)->name);
    const auto expected = from_hex<std::byte>(blocks.at(name));
    std::vector<std::byte> bytes(row_bytes(type, values.size()));
    ASSERT_TRUE(quantize(type, values, bytes)) << name;
    ASSERT_EQ(bytes.size(), expected.size()) << name;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      ASSERT_EQ(bytes[i], expected[i]) << name << " byte " << i << " in block " << i / traits(type)->block_bytes;
    }
  }
}

TEST(Quantize, IsAsCloseAsTheTypeAllows) {
  Random random(7);
  std::vector<float> values(32 * 200);
  random.fill_normal(values);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] *= std::exp2(static_cast<float>(i / 32 % 20) - 10);
  for (const TensorType type : {TensorType::f16, TensorType::q8_0, TensorType::q4_0}) {
    std::vector<std::byte> bytes(row_bytes(type, values.size()));
    std::vector<float> back(values.size());
    ASSERT_TRUE(quantize(type, values, bytes));
    dequantize(type, bytes, back);
    for (std::size_t block = 0; block < values.size() / 32; ++block) {
      float largest = 0;
      for (std::size_t i = 0; i < 32; ++i) largest = std::max(largest, std::fabs(values[block * 32 + i]));
      // Half a step of the code, and the scale's own rounding to a half (2^-11 of the value; 2^-25 if it is subnormal,
      // times the largest code). Q4_0 lacks the code +8, so a value opposite to the largest may be a whole step off.
      const float code_step = type == TensorType::q8_0 ? largest / 127 / 2 : type == TensorType::q4_0 ? largest / 8 : 0;
      const float scale_error = largest * 0x1p-11f + 0x1p-25f * (type == TensorType::f16 ? 1.0f : 128.0f);
      for (std::size_t i = 0; i < 32; ++i) {
        const std::size_t at = block * 32 + i;
        EXPECT_LE(std::fabs(back[at] - values[at]), code_step * 1.0001f + scale_error)
            << traits(type)->name << " value " << at << " of " << largest;
      }
    }
  }
}

TEST(Quantize, Bfloat16IsTheNearestAndTiesGoToEven) {
  const std::vector<float> values{1.0f, 1.00390625f, 1.01171875f, 1.004f, -3.389e38f, 1e-45f, 0.0f};
  // 1 + 2^-8 and 1 + 3 * 2^-8 lie half way between two: the even neighbours are 1 and 1 + 2^-6.
  const std::vector<float> expected{1.0f, 1.0f, 1.015625f, 1.0078125f, -3.3895314e38f, 0.0f, 0.0f};
  std::vector<std::byte> bytes(2 * values.size());
  std::vector<float> back(values.size());
  ASSERT_TRUE(quantize(TensorType::bf16, values, bytes));
  dequantize(TensorType::bf16, bytes, back);
  EXPECT_EQ(back, expected);
}

// Quantising values that a block can hold exactly changes nothing.
TEST(Quantize, KeepsWhatItReadItself) {
  Random random(8);
  std::vector<float> values(32 * 64);
  random.fill_normal(values);
  for (const TensorType type : {TensorType::f32, TensorType::f16, TensorType::q8_0, TensorType::q4_0}) {
    std::vector<std::byte> once(row_bytes(type, values.size()));
    std::vector<std::byte> twice(once.size());
    std::vector<float> back(values.size());
    ASSERT_TRUE(quantize(type, values, once));
    dequantize(type, once, back);
    ASSERT_TRUE(quantize(type, back, twice));
    EXPECT_EQ(once, twice) << traits(type)->name;
  }
}

// With a scale of exactly one, Q8_0's ties are visible: they go away from zero, as C's roundf has it.
TEST(Quantize, TiesGoAwayFromZero) {
  std::vector<float> values(32, 0.0f);
  std::vector<float> expected(32, 0.0f);
  values[0] = expected[0] = 127.0f;
  for (int i = 1; i < 32; ++i) {
    values[static_cast<std::size_t>(i)] = static_cast<float>(i) - 16.5f;
    expected[static_cast<std::size_t>(i)] = static_cast<float>(i <= 16 ? i - 17 : i - 16);
  }
  std::vector<std::byte> bytes(34);
  std::vector<float> back(32);
  ASSERT_TRUE(quantize(TensorType::q8_0, values, bytes));
  dequantize(TensorType::q8_0, bytes, back);
  EXPECT_EQ(back, expected);
}

TEST(Quantize, TinyBlocksBecomeZero) {
  std::vector<float> values(32, 0.0f);
  for (const float tiny : {0.0f, 1e-45f, 1e-40f, -3e-39f, 1e-30f}) {
    values[5] = tiny;
    values[6] = -tiny / 2;
    for (const TensorType type : {TensorType::q8_0, TensorType::q4_0, TensorType::f16}) {
      std::vector<std::byte> bytes(row_bytes(type, values.size()));
      std::vector<float> back(values.size(), 1.0f);
      ASSERT_TRUE(quantize(type, values, bytes));
      dequantize(type, bytes, back);
      for (const float value : back) EXPECT_EQ(value, 0.0f) << traits(type)->name << ' ' << tiny;
    }
  }
}

TEST(Quantize, RefusesWhatItCannotWrite) {
  std::vector<float> values(256, 1.0f);
  std::vector<std::byte> bytes(1024);
  const auto refused = [&](TensorType type, std::size_t count, std::size_t size) {
    const Status status = quantize(type, std::span(values).first(count), std::span(bytes).first(size));
    return !status && status.error().code == ErrorCode::usage && !status.error().what.empty();
  };
  for (const Codec* codec : codecs()) {
    if (codec->encode != nullptr) continue;
    EXPECT_TRUE(refused(codec->type, 256, row_bytes(codec->type, 256))) << codec->traits.name;
  }
  EXPECT_TRUE(refused(static_cast<TensorType>(77), 32, 32));
  EXPECT_TRUE(refused(TensorType::q8_0, 31, 34));
  EXPECT_TRUE(refused(TensorType::q8_0, 32, 33));
  EXPECT_TRUE(refused(TensorType::f32, 2, 9));
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    values[3] = bad;
    for (const TensorType type : {TensorType::f32, TensorType::f16, TensorType::q8_0, TensorType::q4_0}) {
      EXPECT_TRUE(refused(type, 32, row_bytes(type, 32))) << traits(type)->name;
    }
  }
  values[3] = 65505.0f;
  EXPECT_TRUE(refused(TensorType::f16, 32, 64));
  EXPECT_FALSE(refused(TensorType::q8_0, 32, 34));
  EXPECT_TRUE(refused(TensorType::q4_1, 32, 20));
  values[3] = -1e9f;
  EXPECT_TRUE(refused(TensorType::q8_0, 32, 34));
  EXPECT_TRUE(refused(TensorType::q4_0, 32, 18));
  EXPECT_FALSE(refused(TensorType::f32, 32, 128));
}

TEST(Half, EveryHalfIsReadAndWrittenBack) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = half_to_float(half);
    if (std::isnan(value)) {
      EXPECT_GT(bits & 0x7fffu, 0x7c00u);
      EXPECT_TRUE(std::isnan(half_to_float(float_to_half(value))));
      continue;
    }
    const int exponent = static_cast<int>(bits >> 10 & 31u);
    const double mantissa = bits & 1023u;
    const double expected = exponent == 31  ? std::numeric_limits<double>::infinity()
                            : exponent == 0 ? std::ldexp(mantissa, -24)
                                            : std::ldexp(1024 + mantissa, exponent - 25);
    EXPECT_EQ(value, (bits & 0x8000u) != 0 ? -expected : expected) << bits;
    EXPECT_EQ(float_to_half(value), half);
  }
}

TEST(Half, RoundsToTheNearestAndTiesToEven) {
  for (std::uint16_t half = 0; half < 0x7bff; ++half) {
    const float low = half_to_float(half);
    const float high = half_to_float(static_cast<std::uint16_t>(half + 1));
    const float middle = (low + high) / 2;  // exact: one more bit than a half has
    const std::uint16_t even = half % 2 == 0 ? half : static_cast<std::uint16_t>(half + 1);
    EXPECT_EQ(float_to_half(middle), even) << low;
    EXPECT_EQ(float_to_half(std::nextafter(middle, 0.0f)), half) << low;
    EXPECT_EQ(float_to_half(std::nextafter(middle, 1e9f)), half + 1) << low;
    EXPECT_EQ(float_to_half(-middle), even | 0x8000) << low;
  }
  EXPECT_EQ(float_to_half(65519.99f), 0x7bff);
  EXPECT_EQ(float_to_half(65520.0f), 0x7c00);
  EXPECT_EQ(float_to_half(-std::numeric_limits<float>::infinity()), 0xfc00);
}

}  // namespace
}  // namespace mobiedit::gguf
