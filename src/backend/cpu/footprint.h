// Footprint: memory that a model takes, computed from its file before anything is loaded.
#pragma once

#include <cstdint>
#include <string>

#include "kernels/isa.h"
#include "mobiedit/base/result.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/model/model.h"

namespace mobiedit {

struct Footprint {
  std::uint64_t weights = 0;     ///< packed
  std::uint64_t vocabulary = 0;  ///< the tokenizer and the file's lists
  std::uint64_t passing = 0;     ///< pages of the file that are there while it is packed
  [[nodiscard]] std::uint64_t total() const { return weights + vocabulary + passing; }
};

/// Tells if the tensor is held in memory once the model is loaded. Tensors of layers after the config's last are not.
/// Nor is an embedding, unless it is the output weight too: its rows are read from the file.
[[nodiscard]] bool is_packed(const gguf::File& file, const ModelConfig& config, const gguf::TensorInfo& tensor);

[[nodiscard]] Footprint footprint(const gguf::File& file, const ModelConfig& config, kernels::Isa isa,
                                  Precision precision, int threads);

/// Errors: out_of_memory, if `bytes` are more than the system has to give.
[[nodiscard]] Status check_memory(std::uint64_t bytes, const std::string& what_for, const std::string& where);

}  // namespace mobiedit
