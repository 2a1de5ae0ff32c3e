// A model of a real one's exact shape whose weights are random: as large and as slow as the real one, and nobody's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "lab/bench/shapes.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"

namespace mobiedit {

/// How llama-quantize would have mixed the tensor types.
enum class ModelMix { q8_0, q4_0, q4_k, f16 };

[[nodiscard]] std::string_view name(ModelMix mix);

struct RandomModel {
  ModelShape shape;
  ModelMix mix = ModelMix::q8_0;
  std::uint64_t seed = 0;
  std::vector<std::string> texts;  ///< every word in them becomes one token
};

/// Bytes of the file that `write_random_model` writes, but for its metadata (some MB).
[[nodiscard]] std::uint64_t tensor_bytes(const RandomModel& model);

/// Streams the file: some MB in memory, whatever the size. The same model gives the same bytes. Errors: io (before
/// anything is written if the disk is too full), cancelled.
[[nodiscard]] Status write_random_model(const std::filesystem::path& path, const RandomModel& model,
                                        const CancelToken& cancel);

}  // namespace mobiedit
