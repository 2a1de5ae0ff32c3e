// A seeded random model of a few thousand weights, as a GGUF file: every shape rule of the real ones, in milliseconds.
#pragma once

#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/gguf/writer.h"
#include "mobiedit/model/model.h"
#include "model/tensor_id.h"
#include "unit/model/tiny_vocabulary.h"

namespace mobiedit::test {

struct TinyModel {
  std::string architecture = "qwen2";
  int blocks = 4, d = 64, f = 96, heads = 4, kv_heads = 2, context = 64;
  gguf::TensorType type = gguf::TensorType::f32;  ///< of the matrices
  std::uint64_t seed = 1;
  float scale = 1.0f;                              ///< of all matrices
  int padding = 0;                                 ///< rows of the embedding beyond the vocabulary, as real ones have
  std::function<void(gguf::Writer&)> change = {};  ///< spoils the metadata, say
  std::string without = {};                        ///< a tensor to leave out
  bool norm_epsilon = true;                        ///< false: leaves the key out
};

/// Keys that a family needs besides those that all have, with values that a few layers and tokens can tell apart.
inline void set_family_keys(gguf::Writer& writer, const TinyModel& m) {
  const std::string p = m.architecture + ".";
  if (m.architecture == "gemma2" || m.architecture == "gemma3" || m.architecture == "gpt-oss")
    writer.set_u32(p + "attention.sliding_window", 5);
  if (m.architecture == "gemma2") {
    writer.set_f32(p + "attn_logit_softcapping", 2.0f);
    writer.set_f32(p + "final_logit_softcapping", 6.0f);
  }
  if (m.architecture == "granite") {
    writer.set_f32(p + "embedding_scale", 3.0f);
    writer.set_f32(p + "residual_scale", 0.4f);
    writer.set_f32(p + "logit_scale", 2.0f);
    writer.set_f32(p + "attention.scale", 0.1f);
  }
  if (m.architecture == "qwen3moe" || m.architecture == "gpt-oss") {
    writer.set_u32(p + "expert_count", 6);
    writer.set_u32(p + "expert_used_count", 2);
    writer.set_u32(p + "expert_feed_forward_length", 32);
  }
}

/// Throws where the file cannot be written: a test without it means nothing.
inline void write_tiny_model(const std::filesystem::path& path, const TinyModel& m) {
  gguf::Writer writer;
  const std::string p = m.architecture + ".";
  writer.set_string("general.architecture", m.architecture);
  writer.set_string("general.name", "tiny");
  writer.set_u32(p + "block_count", static_cast<std::uint32_t>(m.blocks));
  writer.set_u32(p + "context_length", static_cast<std::uint32_t>(m.context));
  writer.set_u32(p + "embedding_length", static_cast<std::uint32_t>(m.d));
  writer.set_u32(p + "feed_forward_length", static_cast<std::uint32_t>(m.f));
  writer.set_u32(p + "attention.head_count", static_cast<std::uint32_t>(m.heads));
  writer.set_u32(p + "attention.head_count_kv", static_cast<std::uint32_t>(m.kv_heads));
  if (m.norm_epsilon) writer.set_f32(p + "attention.layer_norm_rms_epsilon", 1e-5f);
  writer.set_f32(p + "rope.freq_base", 10000.0f);

  set_family_keys(writer, m);

  const TokenizerData vocabulary = tiny_vocabulary({"t h", "th e"}, "gpt-2", {"<|endoftext|>"});
  writer.set_string("tokenizer.ggml.model", vocabulary.model);
  writer.set_string("tokenizer.ggml.pre", vocabulary.pre);
  writer.set({"tokenizer.ggml.tokens", gguf::ValueType::array, gguf::ValueType::string, vocabulary.tokens});
  writer.set({"tokenizer.ggml.merges", gguf::ValueType::array, gguf::ValueType::string, vocabulary.merges});
  writer.set({"tokenizer.ggml.token_type", gguf::ValueType::array, gguf::ValueType::i32,
              std::vector<std::int64_t>(vocabulary.types.begin(), vocabulary.types.end())});
  writer.set_u32("tokenizer.ggml.eos_token_id", static_cast<std::uint32_t>(vocabulary.tokens.size() - 1));

  std::map<std::string, std::vector<std::byte>> kept;
  std::uint64_t stream = 0;
  const auto add = [&](const std::string& name, gguf::TensorType type, int columns, int rows, float spread,
                       float centre) {
    std::vector<float> values(static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows));
    Random random(m.seed, ++stream);
    random.fill_normal(values);
    for (float& x : values) x = centre + spread * x;
    if (name == m.without) return;
    std::vector<std::byte>& bytes = kept[name];
    bytes.resize(gguf::row_bytes(type, static_cast<std::size_t>(columns)) * static_cast<std::size_t>(rows));
    if (auto s = gguf::quantize(type, values, bytes); !s) throw std::runtime_error(s.error().message());
    std::vector<std::uint64_t> shape{static_cast<std::uint64_t>(columns)};
    if (rows > 1) shape.push_back(static_cast<std::uint64_t>(rows));
    writer.add_tensor(name, type, shape,
                      [&bytes]() -> Result<std::span<const std::byte>> { return std::span<const std::byte>(bytes); });
  };
  const auto matrix = [&](const std::string& name, int columns, int rows) {
    add(name, m.type, columns, rows, m.scale / std::sqrt(static_cast<float>(columns)), 0);
  };
  const auto vector = [&](const std::string& name, int size, float centre) {
    add(name, gguf::TensorType::f32, size, 1, 0.1f, centre);
  };

  const bool derived = m.architecture != "llama" && m.architecture != "qwen2" && m.architecture != "qwen3";
  const int head_dim = m.d / m.heads;
  const int kv = m.kv_heads * head_dim;
  add("token_embd.weight", m.type, m.d, static_cast<int>(vocabulary.tokens.size()) + m.padding, 1.0f, 0);
  if (derived) {
    // The family's own list of tensors, from a file that has nothing else.
    gguf::Writer sizes = writer;
    const auto config_path = std::filesystem::path(path).concat(".config");
    if (auto s = sizes.write(config_path); !s) throw std::runtime_error(s.error().message());
    const auto file = gguf::File::open(config_path);
    const auto config = ModelConfig::from_file(file.value());
    if (!config) throw std::runtime_error(config.error().message());
    for (int layer = 0; layer < m.blocks; ++layer)
      for (const TensorSpec& t : layer_tensors(*config, layer)) {
        if (!t.required) continue;
        const std::string name = tensor_name(t.id);
        const bool norm = !t.id.bias && t.rows == 1 && t.id.role != TensorRole::sinks;
        if (t.rows == 1) {
          vector(name, t.columns, norm ? 1.0f : 0.0f);
        } else if (t.id.bias || t.id.role == TensorRole::router) {
          add(name, gguf::TensorType::f32, t.columns, t.rows, 0.3f, 0);
        } else {
          matrix(name, t.columns, t.rows);
        }
      }
    std::filesystem::remove(config_path);
  }
  for (int b = 0; b < m.blocks && !derived; ++b) {
    const std::string block = "blk." + std::to_string(b) + ".";
    vector(block + "attn_norm.weight", m.d, 1);
    vector(block + "ffn_norm.weight", m.d, 1);
    matrix(block + "attn_q.weight", m.d, m.d);
    matrix(block + "attn_k.weight", m.d, kv);
    matrix(block + "attn_v.weight", m.d, kv);
    matrix(block + "attn_output.weight", m.d, m.d);
    matrix(block + "ffn_gate.weight", m.d, m.f);
    matrix(block + "ffn_up.weight", m.d, m.f);
    matrix(block + "ffn_down.weight", m.f, m.d);
    if (m.architecture == "qwen2") {
      vector(block + "attn_q.bias", m.d, 0);
      vector(block + "attn_k.bias", kv, 0);
      vector(block + "attn_v.bias", kv, 0);
    }
    if (m.architecture == "qwen3") {
      vector(block + "attn_q_norm.weight", head_dim, 1);
      vector(block + "attn_k_norm.weight", head_dim, 1);
    }
  }
  vector("output_norm.weight", m.d, 1);
  if (m.change) m.change(writer);
  if (auto s = writer.write(path); !s) throw std::runtime_error(s.error().message());
}

inline Model open_tiny_model(const std::filesystem::path& path, const TinyModel& m, const ModelOptions& options = {}) {
  write_tiny_model(path, m);
  auto model = Model::open(path, options);
  if (!model) throw std::runtime_error(model.error().message());
  return std::move(*model);
}

}  // namespace mobiedit::test
