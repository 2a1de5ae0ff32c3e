// A model's tensors in the form that the forward pass wants.
#pragma once

#include <vector>

#include "base/thread_pool.h"
#include "kernels/linear.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/model/model.h"

namespace mobiedit {

/// One expert of a mixture. Empty vectors: no bias.
struct ExpertWeights {
  kernels::PackedWeight gate, up, down;              // [f, d], [f, d], [d, f]
  std::vector<float> gate_bias, up_bias, down_bias;  // [f], [f], [d]
};

/// One transformer layer. Empty vectors: the model has no such tensor.
struct LayerWeights {
  std::vector<float> attn_norm, attn_post_norm, ffn_norm, ffn_post_norm;  // [d]
  std::vector<float> q_bias, k_bias, v_bias;                              // [q_size], [kv_size], [kv_size]
  std::vector<float> o_bias;                                              // [d]
  std::vector<float> q_norm, k_norm;                                      // [head_dim], or [q_size], [kv_size]
  std::vector<float> sinks;                                               // [heads]
  kernels::PackedWeight q, k, v, o;      // [q_size, d], [kv_size, d], [kv_size, d], [d, q_size]
  kernels::PackedWeight gate, up, down;  // [f, d], [f, d], [d, f]; empty in a mixture
  kernels::PackedWeight router;          // [experts, d]
  std::vector<float> router_bias;        // [experts]
  std::vector<ExpertWeights> experts;
};

/// [vocab, d], cut into slices of rows, so that nobody needs room for the logits of the whole vocabulary.
struct OutputWeight {
  static constexpr int slice_rows = 4096;
  std::vector<kernels::PackedWeight> slices;
};

struct Weights {
  std::vector<LayerWeights> layers;
  std::vector<float> output_norm;               // [d]
  std::vector<float> rope_factors;              // [rope dimensions / 2]: divide the frequencies
  OutputWeight output;                          // tied or not
  const gguf::TensorInfo* embedding = nullptr;  // read row by row from the file
};

/// How a weight of `columns` values a row is packed.
[[nodiscard]] kernels::WeightKind packed_kind(gguf::TensorType type, int columns, Precision precision);

/// Quantised tensors whose groups of 16 no kernel takes are rounded once more: answers add what that leaves.
[[nodiscard]] kernels::PackedWeight::Rest packed_rest(gguf::TensorType type, kernels::WeightKind kind);

/// Bytes of the file's pages that are in memory at most while a weight is packed.
inline constexpr std::uint64_t packing_pages = std::uint64_t{12} << 20;

/// Checks every tensor's shape against the config, then packs it; the file's pages are let go of as each is done.
Result<Weights> load_weights(const gguf::File& file, const ModelConfig& config, kernels::Isa isa, Precision precision,
                             const Rounding& rounding, ThreadPool& pool);

/// Layer `layer`'s down-projection as floats, packed: what an edit computes with.
Result<kernels::PackedWeight> load_float_down(const gguf::File& file, const ModelConfig& config, int layer,
                                              kernels::Isa isa, const Rounding& rounding, ThreadPool& pool);

}  // namespace mobiedit
