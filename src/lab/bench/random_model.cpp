#include "lab/bench/random_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "gguf/codec/codec.h"
#include "lab/bench/made_up_vocabulary.h"
#include "mobiedit/gguf/writer.h"

namespace mobiedit {
namespace {

using gguf::TensorType;

// SplitMix: a mixed counter, one multiplication per number (Steele et al., "Fast splittable pseudorandom number
// generators", 2014). It fills gigabytes quickly; its statistical quality plays no part here.
class Bits {
 public:
  explicit Bits(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ull) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  void fill(std::byte* bytes, std::size_t count) {
    for (std::size_t at = 0; at < count; at += sizeof(std::uint64_t)) {
      const std::uint64_t word = next();
      std::memcpy(bytes + at, &word, std::min(count - at, sizeof word));
    }
  }

 private:
  std::uint64_t state_;
};

// Block after block of random codes, scaled so that the values' standard deviation is about `deviation`.
void fill_blocks(TensorType type, float deviation, Bits& bits, std::span<std::byte> out) {
  bits.fill(out.data(), out.size());
  const gguf::Codec& codec = *gguf::find_codec(type);
  for (std::size_t at = 0; at < out.size(); at += codec.traits.block_bytes) codec.random(out.data() + at, deviation);
}

std::span<const std::byte> bytes_of(const std::vector<float>& values) {
  return std::as_bytes(std::span(values));
}

// llama-quantize stores the output matrix and some others in finer types. Where rows do not divide into 256 values it
// takes the next legacy type.
TensorType matrix_type(ModelMix mix, bool output, bool refined, int columns) {
  const bool wide = columns % 256 == 0;
  if (mix == ModelMix::f16) return TensorType::f16;
  if (mix == ModelMix::q8_0) return TensorType::q8_0;
  if (output) return wide ? TensorType::q6_k : TensorType::q8_0;
  if (mix == ModelMix::q4_0) return TensorType::q4_0;
  if (refined) return wide ? TensorType::q6_k : TensorType::q8_0;
  return wide ? TensorType::q4_k : TensorType::q5_0;
}

bool refined_block(int block, int blocks) {
  return block < blocks / 8 || block >= 7 * blocks / 8 || (block - blocks / 8) % 3 == 2;
}

struct RandomMatrix {
  std::string name;
  TensorType type;
  int columns;
  int rows;
};

struct RandomVector {
  std::string name;
  int size;
  float value;
  float deviation;
};

struct Tensors {
  std::vector<RandomMatrix> matrices;
  std::vector<RandomVector> vectors;
};

Tensors tensors_of(const RandomModel& model) {
  const ModelShape& s = model.shape;
  const int q = s.heads * s.head_dim, kv = s.kv_heads * s.head_dim;
  Tensors t;
  const auto matrix = [&](std::string name, int columns, int rows, bool output, bool refined) {
    t.matrices.push_back({std::move(name), matrix_type(model.mix, output, refined, columns), columns, rows});
  };
  matrix("token_embd.weight", s.d, s.vocab, s.tied, false);
  if (!s.tied) matrix("output.weight", s.d, s.vocab, true, false);
  t.vectors.push_back({"output_norm.weight", s.d, 1, 0.1f});
  for (int i = 0; i < s.blocks; ++i) {
    const std::string p = "blk." + std::to_string(i) + ".";
    const bool refined = refined_block(i, s.blocks);
    matrix(p + "attn_q.weight", s.d, q, false, false);
    matrix(p + "attn_k.weight", s.d, kv, false, false);
    matrix(p + "attn_v.weight", s.d, kv, false, refined);
    matrix(p + "attn_output.weight", q, s.d, false, false);
    matrix(p + "ffn_gate.weight", s.d, s.f, false, false);
    matrix(p + "ffn_up.weight", s.d, s.f, false, false);
    matrix(p + "ffn_down.weight", s.f, s.d, false, refined);
    t.vectors.push_back({p + "attn_norm.weight", s.d, 1, 0.1f});
    t.vectors.push_back({p + "ffn_norm.weight", s.d, 1, 0.1f});
    if (s.qkv_bias) {
      t.vectors.push_back({p + "attn_q.bias", q, 0, 0.1f});
      t.vectors.push_back({p + "attn_k.bias", kv, 0, 0.1f});
      t.vectors.push_back({p + "attn_v.bias", kv, 0, 0.1f});
    }
    if (s.qk_norm) {
      t.vectors.push_back({p + "attn_q_norm.weight", s.head_dim, 1, 0.1f});
      t.vectors.push_back({p + "attn_k_norm.weight", s.head_dim, 1, 0.1f});
    }
  }
  return t;
}

std::uint64_t bytes_of(const RandomMatrix& m) {
  return static_cast<std::uint64_t>(m.rows) * gguf::row_bytes(m.type, static_cast<std::size_t>(m.columns));
}

// RoPE scaling of Llama 3.1: factor 32 for slow frequencies, 1 for fast ones, a ramp between (config.json of
// Llama-3.2: low_freq_factor 1, high_freq_factor 4, original_max_position_embeddings 8192).
std::vector<float> rope_factors(const ModelShape& s) {
  constexpr double factor = 32, low = 1, high = 4, original = 8192;
  std::vector<float> factors;
  for (int i = 0; i < s.head_dim / 2; ++i) {
    const double length = 2 * std::numbers::pi * std::pow(s.rope_base, 2.0 * i / s.head_dim);
    const double smooth = std::clamp((original / length - low) / (high - low), 0.0, 1.0);
    factors.push_back(static_cast<float>(1 / ((1 - smooth) / factor + smooth)));
  }
  return factors;
}

gguf::Writer metadata(const RandomModel& model) {
  const ModelShape& s = model.shape;
  const std::string prefix = std::string(s.architecture) + ".";
  const auto u32 = [](int value) { return static_cast<std::uint32_t>(value); };
  gguf::Writer writer;
  writer.set_string("general.architecture", std::string(s.architecture));
  writer.set_string("general.name", std::string(s.name) + " with random weights");
  writer.set_u32(prefix + "block_count", u32(s.blocks));
  writer.set_u32(prefix + "context_length", u32(s.context));
  writer.set_u32(prefix + "embedding_length", u32(s.d));
  writer.set_u32(prefix + "feed_forward_length", u32(s.f));
  writer.set_u32(prefix + "attention.head_count", u32(s.heads));
  writer.set_u32(prefix + "attention.head_count_kv", u32(s.kv_heads));
  writer.set_u32(prefix + "attention.key_length", u32(s.head_dim));
  writer.set_u32(prefix + "attention.value_length", u32(s.head_dim));
  writer.set_u32(prefix + "rope.dimension_count", u32(s.head_dim));
  writer.set_f32(prefix + "rope.freq_base", static_cast<float>(s.rope_base));
  writer.set_f32(prefix + "attention.layer_norm_rms_epsilon", static_cast<float>(s.norm_epsilon));
  add_made_up_vocabulary(writer, s.architecture == "llama" ? "llama-bpe" : "qwen2", s.vocab, model.texts);
  return writer;
}

}  // namespace

std::string_view name(ModelMix mix) {
  switch (mix) {
    case ModelMix::q8_0:
      return "q8_0";
    case ModelMix::q4_0:
      return "q4_0";
    case ModelMix::q4_k:
      return "q4_k";
    case ModelMix::f16:
      return "f16";
  }
  return "?";
}

std::uint64_t tensor_bytes(const RandomModel& model) {
  const Tensors tensors = tensors_of(model);
  std::uint64_t bytes = 0;
  for (const RandomMatrix& m : tensors.matrices) bytes += bytes_of(m);
  for (const RandomVector& v : tensors.vectors) bytes += static_cast<std::uint64_t>(v.size) * sizeof(float);
  return bytes;
}

Status write_random_model(const std::filesystem::path& path, const RandomModel& model, const CancelToken& cancel) {
  constexpr std::size_t piece_bytes = std::size_t{4} << 20;
  gguf::Writer writer = metadata(model);
  std::uint64_t stream = model.seed << 32;
  std::vector<std::byte> piece;
  for (const RandomMatrix& m : tensors_of(model).matrices) {
    const auto deviation = static_cast<float>(0.7 / std::sqrt(m.columns));
    writer.stream_tensor(m.name, m.type, {static_cast<std::uint64_t>(m.columns), static_cast<std::uint64_t>(m.rows)},
                         [&piece, &cancel, m, deviation, seed = ++stream](const gguf::Writer::Sink& sink) -> Status {
                           Bits bits(seed);
                           const std::size_t block = gguf::traits(m.type)->block_bytes;
                           piece.resize(piece_bytes / block * block);
                           for (std::uint64_t left = bytes_of(m); left > 0;) {
                             if (cancel.requested()) return fail(ErrorCode::cancelled, "stopped; nothing was written");
                             const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, piece.size()));
                             fill_blocks(m.type, deviation, bits, {piece.data(), size});
                             if (auto s = sink({piece.data(), size}); !s) return s;
                             left -= size;
                           }
                           return {};
                         });
  }
  std::vector<float> values;
  for (const RandomVector& v : tensors_of(model).vectors) {
    writer.stream_tensor(v.name, TensorType::f32, {static_cast<std::uint64_t>(v.size)},
                         [&values, v, seed = ++stream](const gguf::Writer::Sink& sink) {
                           Bits bits(seed);
                           values.clear();
                           for (int i = 0; i < v.size; ++i) {
                             const double uniform = static_cast<double>(bits.next() >> 11) * 0x1p-53 - 0.5;
                             values.push_back(v.value + v.deviation * static_cast<float>(uniform * std::sqrt(12.0)));
                           }
                           return sink(bytes_of(values));
                         });
  }
  const std::vector<float> factors = rope_factors(model.shape);
  if (model.shape.rope_factors)
    writer.stream_tensor("rope_freqs.weight", TensorType::f32, {factors.size()},
                         [&](const gguf::Writer::Sink& sink) { return sink(bytes_of(factors)); });
  return writer.write(path);
}

}  // namespace mobiedit
