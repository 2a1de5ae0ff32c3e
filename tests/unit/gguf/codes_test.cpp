// Codes of quantised rows: reading them, and changing them in place.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"
#include "gguf/codec/rows.h"

namespace mobiedit::gguf {
namespace {

std::vector<const Codec*> codecs_with_codes() {
  std::vector<const Codec*> found;
  for (const Codec* codec : codecs())
    if (codec->write_codes != nullptr) found.push_back(codec);
  return found;
}

std::vector<std::byte> random_row(const Codec& codec, std::size_t columns, float deviation) {
  std::vector<std::byte> bytes(row_bytes(codec.type, columns));
  Random random(7, static_cast<std::uint64_t>(codec.type));
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.below(256));
  for (std::size_t block = 0; block < bytes.size(); block += codec.traits.block_bytes)
    codec.random(bytes.data() + block, deviation);
  return bytes;
}

std::vector<float> values(const Codec& codec, const std::vector<std::byte>& bytes, std::size_t columns) {
  std::vector<float> out(columns);
  dequantize(codec.type, bytes, out);
  return out;
}

class Codes : public ::testing::TestWithParam<const Codec*> {
 protected:
  static constexpr std::size_t columns = 512;
  const Codec& codec = *GetParam();
  const std::vector<std::byte> bytes = random_row(codec, columns, 1);
  std::vector<std::int16_t> codes = std::vector<std::int16_t>(columns);
  std::vector<float> steps = std::vector<float>(columns);
};

/// The next code up, or down where there is none.
int neighbour(const CodeSet& set, int code) {
  if (set.listed.empty()) return code < set.most ? code + 1 : code - 1;
  const auto above = std::ranges::upper_bound(set.listed, code);
  return above != set.listed.end() ? *above : *(std::ranges::lower_bound(set.listed, code) - 1);
}

TEST_P(Codes, AChangedCodeMovesItsValueByTheStepsAndNoOther) {
  const auto before = values(codec, bytes, columns);
  read_codes(codec, bytes, codes, steps);
  for (std::size_t i = 0; i < columns; i += 7) {
    auto changed = codes;
    changed[i] = static_cast<std::int16_t>(neighbour(codec.codes, codes[i]));
    const auto moved = static_cast<float>(changed[i] - codes[i]);
    auto written = bytes;
    write_codes(codec, changed, written);
    const auto after = values(codec, written, columns);
    for (std::size_t j = 0; j < columns; ++j) {
      if (j == i) continue;
      ASSERT_EQ(after[j], before[j]) << i << " moved " << j;
    }
    // Decoding rounds a value once at most, a sum: some 1e-7 of it.
    ASSERT_NEAR(after[i], before[i] + moved * steps[i], 1e-5f * (1 + std::fabs(before[i]))) << i;
    ASSERT_NE(steps[i] == 0, after[i] != before[i]) << i;
  }
}

TEST_P(Codes, EveryCodeOfTheSetIsWrittenAndReadBack) {
  auto written = bytes;
  read_codes(codec, bytes, codes, steps);
  for (std::size_t i = 0; i < columns; ++i) {
    const auto step = static_cast<int>(i);
    const CodeSet& set = codec.codes;
    codes[i] = static_cast<std::int16_t>(set.listed.empty() ? set.least + step % (set.most - set.least + 1)
                                                            : set.listed[i % set.listed.size()]);
  }
  write_codes(codec, codes, written);
  auto back = codes;
  read_codes(codec, written, back, steps);
  EXPECT_EQ(back, codes);
}

TEST_P(Codes, ReadingAndWritingChangesNoByte) {
  read_codes(codec, bytes, codes, steps);
  auto written = bytes;
  write_codes(codec, codes, written);
  EXPECT_EQ(written, bytes);
}

std::string name_of(const ::testing::TestParamInfo<const Codec*>& info) {
  return std::string(info.param->traits.name);
}

INSTANTIATE_TEST_SUITE_P(Types, Codes, ::testing::ValuesIn(codecs_with_codes()), name_of);

class EachCodec : public ::testing::TestWithParam<const Codec*> {};

TEST_P(EachCodec, HasARowThatAgreesWithItself) {
  const Codec& codec = *GetParam();
  EXPECT_EQ(find_codec(codec.type), &codec);
  EXPECT_EQ(type_name(codec.type), codec.traits.name);
  EXPECT_EQ(codec.traits.writable, codec.encode != nullptr);
  EXPECT_EQ(codec.group != nullptr, codec.group_form.bits != 0);
  // A type is a float, or its codes can be changed in place.
  EXPECT_NE(codec.exponent_bits != 0, codec.write_codes != nullptr);
  EXPECT_EQ(codec.read_codes != nullptr, codec.write_codes != nullptr);
}

TEST_P(EachCodec, MakesUpValuesOfTheDeviationAskedFor) {
  const std::size_t count = 256 * 64;
  constexpr double values_read = count;
  for (const float deviation : {0.02f, 3.0f}) {
    const auto x = values(*GetParam(), random_row(*GetParam(), count, deviation), count);
    double sum = 0, squares = 0;
    for (const float value : x) {
      ASSERT_TRUE(std::isfinite(value));
      sum += double{value};
      squares += double{value} * double{value};
    }
    const double mean = sum / values_read, found = std::sqrt(squares / values_read - mean * mean);
    // Scales are rounded to halves, of MXFP4 to powers of two: a factor of sqrt(2) at most.
    EXPECT_GT(found, double{deviation} / 1.5);
    EXPECT_LT(found, double{deviation} * 1.5);
    EXPECT_LT(std::fabs(mean), 0.25 * double{deviation});
  }
}

// The integer kernels read groups; the reference reads values.
TEST_P(EachCodec, GroupsSayWhatDecodingSays) {
  const Codec& codec = *GetParam();
  if (codec.group == nullptr) return;
  const auto bytes = random_row(codec, 512, 1);
  const auto x = values(codec, bytes, 512);
  const std::size_t in_block = codec.traits.block_values / 32;
  for (std::size_t g = 0; g < 512 / 32; ++g) {
    const Group group = codec.group(bytes.data() + g / in_block * codec.traits.block_bytes, g % in_block);
    for (std::size_t i = 0; i < 32; ++i) {
      const float value = static_cast<float>(group.codes[i]) * group.scale + group.offset;
      ASSERT_EQ(value, x[g * 32 + i]) << "value " << i << " of group " << g;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, EachCodec, ::testing::ValuesIn(codecs().begin(), codecs().end()), name_of);

}  // namespace
}  // namespace mobiedit::gguf
