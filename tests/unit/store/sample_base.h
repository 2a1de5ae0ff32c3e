// Base model file with two weights of any type, for tests.
#pragma once

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/random.h"
#include "gguf/codec/codec.h"
#include "mobiedit/edit/update.h"
#include "mobiedit/gguf/types.h"
#include "mobiedit/gguf/writer.h"

namespace mobiedit {

inline constexpr std::size_t sample_d = 24;
inline constexpr std::size_t sample_f = 64;

inline std::vector<float> random_values(std::size_t count, std::uint64_t seed, float size = 1.0f) {
  std::vector<float> values(count);
  Random(seed).fill_normal(values);
  for (float& x : values) x *= size;
  return values;
}

inline std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Two blocks with ffn_down.weight [d, f] of `type`, and a norm beside them. Values of a type that has no encoder are
/// made up.
inline Status write_sample_base(const std::filesystem::path& path, gguf::TensorType type,
                                const std::string& architecture = "qwen2", std::size_t f = sample_f) {
  gguf::Writer writer;
  writer.set_string("general.architecture", architecture);
  writer.set_string("general.name", "sample");
  writer.set_u32("qwen2.block_count", 2);
  std::vector<std::vector<std::byte>> held;
  held.reserve(3);
  const auto add = [&](const std::string& name, gguf::TensorType as, std::vector<std::uint64_t> shape,
                       const std::vector<float>& values) -> Status {
    auto& bytes = held.emplace_back(gguf::row_bytes(as, values.size()));
    const gguf::Codec& codec = *gguf::find_codec(as);
    if (codec.encode == nullptr) {
      Random random(11, static_cast<std::uint64_t>(as));
      for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.below(256));
      for (std::size_t at = 0; at < bytes.size(); at += codec.traits.block_bytes) codec.random(&bytes[at], 0.05f);
    } else if (auto done = gguf::quantize(as, values, bytes); !done) {
      return done;
    }
    writer.add_tensor(name, as, std::move(shape),
                      [&bytes]() -> Result<std::span<const std::byte>> { return std::span<const std::byte>(bytes); });
    return {};
  };
  for (std::uint64_t block = 0; block < 2; ++block) {
    const auto values = random_values(sample_d * f, 7 + block, 0.05f);
    if (auto added = add("blk." + std::to_string(block) + ".ffn_down.weight", type, {f, sample_d}, values); !added)
      return added;
  }
  if (auto added = add("output_norm.weight", gguf::TensorType::f32, {sample_d}, random_values(sample_d, 9)); !added)
    return added;
  return writer.write(path);
}

/// An update about as large as the weight itself along its key.
inline RankOneUpdate sample_update(int block, std::uint64_t seed, std::size_t d = sample_d, std::size_t f = sample_f) {
  RankOneUpdate update{block, random_values(d, seed, 0.4f), random_values(f, seed + 1000)};
  double norm = 0;
  for (const float x : update.right) norm += double{x} * x;
  for (float& x : update.right) x /= static_cast<float>(norm) / 8.0f;
  return update;
}

inline std::vector<float> tensor_values(const gguf::File& file, const std::string& name) {
  const gguf::TensorInfo* tensor = file.find_tensor(name);
  if (tensor == nullptr) return {};
  std::vector<float> values(tensor->columns() * tensor->rows());
  gguf::dequantize(tensor->type, file.data(*tensor), values);
  return values;
}

}  // namespace mobiedit
