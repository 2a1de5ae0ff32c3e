#include "mobiedit/model/config.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include "base/try.h"
#include "mobiedit/gguf/file.h"
#include "model/arch/arch.h"
#include "model/rope_scaling.h"

namespace mobiedit {
namespace {

constexpr int most_heads = 4096, most_layers = 4096, longest_head = 4096;

Result<const Arch*> architecture_of(const gguf::File& file) {
  const std::string where = file.path().string();
  MOBIEDIT_TRY(auto name, file.string("general.architecture"));
  if (!name) return fail(ErrorCode::bad_model, "the key 'general.architecture' is missing", where, "not a model?");
  MOBIEDIT_TRY(auto kind, file.string("general.type"));
  if (kind && *kind != "model")
    return fail(ErrorCode::bad_model, "this file is of type '" + *kind + "', not a model", where,
                *kind == "adapter" ? "open the base model, and put the adapter in force there" : "");
  const Arch* arch = find_architecture(*name);
  if (arch) return arch;
  std::string known;
  for (const Arch& a : architectures()) known += (known.empty() ? "" : ", ") + std::string(a.name);
  return fail(ErrorCode::bad_model, "the architecture '" + *name + "' is not supported", where,
              "supported are " + known);
}

Status read_sizes(const Keys& keys, ModelConfig& c) {
  const auto take = [](int& field, Result<int> value) -> Status {
    if (!value) return std::unexpected(value.error());
    field = *value;
    return {};
  };
  if (auto s = take(c.layers, keys.size("block_count")); !s) return s;
  if (auto s = take(c.context, keys.size("context_length")); !s) return s;
  if (auto s = take(c.d, keys.size("embedding_length")); !s) return s;
  if (auto s = take(c.heads, keys.size("attention.head_count")); !s) return s;
  if (auto s = take(c.kv_heads, keys.size("attention.head_count_kv", c.heads)); !s) return s;
  if (auto s = take(c.head_dim, keys.size("attention.key_length", std::max(1, c.d / c.heads))); !s) return s;
  int value_length = 0;
  if (auto s = take(value_length, keys.size("attention.value_length", c.head_dim)); !s) return s;
  if (value_length != c.head_dim || c.heads > most_heads || c.kv_heads > c.heads || c.heads % c.kv_heads != 0 ||
      c.head_dim > longest_head || c.layers > most_layers)
    return fail(ErrorCode::bad_model,
                "the sizes of its attention don't fit together (" + std::to_string(c.heads) + " heads, " +
                    std::to_string(c.kv_heads) + " of keys and values, " + std::to_string(c.head_dim) + " wide)",
                keys.where());
  constexpr std::string_view epsilon_key = "attention.layer_norm_rms_epsilon";
  if (keys.file().find(keys.full(epsilon_key)) == nullptr)
    return fail(ErrorCode::bad_model, "the key '" + keys.full(epsilon_key) + "' is missing", keys.where());
  MOBIEDIT_TRY(auto epsilon, keys.number(epsilon_key, 0.0, 0.0, 0.999));
  c.norm_epsilon = static_cast<float>(epsilon);
  return {};
}

Result<RopeSpec> read_rope(const Keys& keys, ModelConfig& c) {
  RopeSpec rope;
  MOBIEDIT_TRY(auto dimensions, keys.size("rope.dimension_count", c.head_dim));
  if (dimensions > c.head_dim || dimensions % 2 != 0)
    return fail(ErrorCode::bad_model,
                "its rotary positions don't fit together with its attention (" + std::to_string(dimensions) +
                    " dimensions, heads of " + std::to_string(c.head_dim) + ")",
                keys.where());
  rope.dimensions = dimensions;
  MOBIEDIT_TRY(auto base, keys.number("rope.freq_base", 10000.0, 1.0, 1e12));
  rope.base = base;

  MOBIEDIT_CHECK(read_rope_scaling(keys.file(), c, rope));
  // Long and short factors: the short ones are right up to the original context.
  if (keys.has_tensor("rope_factors_short.weight")) {
    MOBIEDIT_TRY(auto original, keys.size("rope.scaling.original_context_length", c.context));
    c.context = std::min(c.context, original);
  }
  return rope;
}

Status read_experts(const Keys& keys, ExpertSpec& experts) {
  MOBIEDIT_TRY(auto count, keys.count("expert_count"));
  if (count == 0) return {};
  MOBIEDIT_TRY(auto used, keys.size("expert_used_count"));
  constexpr int most_experts = 4096;
  if (used > count || count > most_experts)
    return fail(ErrorCode::bad_model,
                "its experts don't fit together: expected 1 to " + std::to_string(std::min(count, most_experts)) +
                    " used of at most " + std::to_string(most_experts) + ", found " + std::to_string(used) +
                    " used of " + std::to_string(count),
                keys.where());
  experts.count = count;
  experts.used = used;
  return {};
}

Status read_vocabulary(const Keys& keys, ModelConfig& c) {
  const gguf::TensorInfo* embedding = keys.file().find_tensor("token_embd.weight");
  if (!embedding) return fail(ErrorCode::bad_model, "the tensor 'token_embd.weight' is missing", keys.where());
  if (embedding->rows() == 0 || embedding->rows() > largest_size)
    return fail(ErrorCode::bad_model, "its vocabulary has an impossible size", keys.where());
  c.vocab = static_cast<int>(embedding->rows());
  return {};
}

}  // namespace

Result<ModelConfig> ModelConfig::from_file(const gguf::File& file) {
  MOBIEDIT_TRY(auto arch, architecture_of(file));
  const Keys keys(file, arch->name);
  ModelConfig c;
  c.architecture = arch->name;
  MOBIEDIT_TRY(auto name, file.string("general.name"));
  c.name = name.value_or("");
  MOBIEDIT_CHECK(read_sizes(keys, c));

  LayerSpec usual;
  usual.attention_scale = 1.0f / std::sqrt(static_cast<float>(c.head_dim));
  MOBIEDIT_TRY(auto rope, read_rope(keys, c));
  usual.rope = rope;
  MOBIEDIT_CHECK(read_experts(keys, usual.experts));
  c.specs.assign(static_cast<std::size_t>(c.layers), usual);
  MOBIEDIT_CHECK(arch->read(keys, c));

  const bool mixture = usual.experts.count > 0;
  const bool known = c.specs.front().experts.f > 0;
  if (mixture && !known)
    return fail(ErrorCode::bad_model,
                "mixtures of experts of the architecture '" + c.architecture + "' are not supported", keys.where());
  if (!mixture && known)
    return fail(ErrorCode::bad_model, "the key '" + keys.full("expert_count") + "' is missing or 0", keys.where());
  if (!mixture) {
    MOBIEDIT_TRY(auto f, keys.size("feed_forward_length"));
    c.f = f;
  }
  MOBIEDIT_CHECK(read_vocabulary(keys, c));
  return c;
}

}  // namespace mobiedit
