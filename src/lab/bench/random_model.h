// A model with the exact shape of a real one and random weights: as large and as slow as the real one.
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

/// Mix of tensor types, as llama-quantize chooses it.
enum class ModelMix { q8_0, q4_0, q4_k, f16 };

[[nodiscard]] std::string_view name(ModelMix mix);

struct RandomModel {
  ModelShape shape;
  ModelMix mix = ModelMix::q8_0;
  std::uint64_t seed = 0;
  std::vector<std::string> texts;  ///< each of their words becomes one token
};

/// Size in bytes of the file that `write_random_model` writes, without its metadata (some MB).
[[nodiscard]] std::uint64_t tensor_bytes(const RandomModel& model);

/// Streams the file: takes some MB of memory at any size. Equal arguments give equal bytes. Errors: io (a full disk
/// shows before anything is written), cancelled.
[[nodiscard]] Status write_random_model(const std::filesystem::path& path, const RandomModel& model,
                                        const CancelToken& cancel);

}  // namespace mobiedit
