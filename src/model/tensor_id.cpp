#include "model/tensor_id.h"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace mobiedit {
namespace {

constexpr std::string_view prefix = "blk.";

// In the order of TensorRole.
constexpr std::string_view role_names[] = {
    "attn_norm",    "attn_q",        "attn_k",      "attn_v",        "attn_qkv",
    "attn_output",  "attn_q_norm",   "attn_k_norm", "attn_sinks",    "post_attention_norm",
    "ffn_norm",     "ffn_gate",      "ffn_up",      "ffn_down",      "post_ffw_norm",
    "ffn_gate_inp", "ffn_gate_exps", "ffn_up_exps", "ffn_down_exps",
};

}  // namespace

std::string tensor_name(const TensorId& id) {
  return std::string(prefix) + std::to_string(id.layer) + "." +
         std::string(role_names[static_cast<std::size_t>(id.role)]) + (id.bias ? ".bias" : ".weight");
}

std::optional<TensorId> parse_tensor_name(std::string_view name) {
  if (!name.starts_with(prefix)) return {};
  name.remove_prefix(prefix.size());
  TensorId id;
  const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), id.layer);
  const auto digits = static_cast<std::size_t>(stop - name.data());
  if (error != std::errc() || id.layer < 0 || std::to_string(id.layer) != name.substr(0, digits)) return {};
  name.remove_prefix(digits);
  if (!name.starts_with('.')) return {};
  name.remove_prefix(1);
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return {};
  const std::string_view kind = name.substr(dot);
  if (kind != ".weight" && kind != ".bias") return {};
  id.bias = kind == ".bias";
  const auto role = std::ranges::find(role_names, name.substr(0, dot));
  if (role == std::end(role_names)) return {};
  id.role = static_cast<TensorRole>(role - std::begin(role_names));
  return id;
}

std::vector<TensorSpec> layer_tensors(const ModelConfig& c, int layer) {
  const LayerSpec& spec = c.spec(layer);
  std::vector<TensorSpec> all;
  const auto vector = [&](TensorRole role, int size, bool required = true) {
    all.push_back({{layer, role, false}, size, 1, required});
  };
  const auto bias = [&](TensorRole role, int size, bool required) {
    all.push_back({{layer, role, true}, size, 1, required});
  };
  const auto matrix = [&](TensorRole role, int columns, int rows) {
    all.push_back({{layer, role, false}, columns, rows, true});
  };
  using enum TensorRole;
  const int q_size = c.q_size(), kv_size = c.kv_size();
  if (spec.attention_norm) vector(attention_norm, c.d);
  if (spec.fused_qkv) {
    matrix(qkv, c.d, q_size + 2 * kv_size);
    bias(qkv, q_size + 2 * kv_size, false);
  } else {
    matrix(q, c.d, q_size);
    matrix(k, c.d, kv_size);
    matrix(v, c.d, kv_size);
    bias(q, q_size, false);
    bias(k, kv_size, false);
    bias(v, kv_size, false);
  }
  if (spec.head_norm != HeadNorm::none) {
    const bool each = spec.head_norm == HeadNorm::each_head;
    vector(q_norm, each ? c.head_dim : q_size);
    vector(k_norm, each ? c.head_dim : kv_size);
  }
  if (spec.sinks) vector(sinks, c.heads);
  matrix(o, q_size, c.d);
  bias(o, c.d, false);
  if (spec.attention_post_norm) vector(attention_post_norm, c.d);
  if (spec.ffn_norm) vector(spec.ffn_norm_is_post_norm ? attention_post_norm : ffn_norm, c.d);
  if (const ExpertSpec& e = spec.experts; e.count > 0) {
    matrix(router, c.d, e.count);
    matrix(expert_gate, c.d, e.f * e.count);
    matrix(expert_up, c.d, e.f * e.count);
    matrix(expert_down, e.f, c.d * e.count);
    if (e.biases) {
      bias(router, e.count, true);
      all.push_back({{layer, expert_gate, true}, e.f, e.count, true});
      all.push_back({{layer, expert_up, true}, e.f, e.count, true});
      all.push_back({{layer, expert_down, true}, c.d, e.count, true});
    }
  } else if (spec.fused_gate_up) {
    matrix(up, c.d, 2 * c.f);
    matrix(down, c.f, c.d);
  } else {
    matrix(gate, c.d, c.f);
    matrix(up, c.d, c.f);
    matrix(down, c.f, c.d);
  }
  if (spec.ffn_post_norm) vector(ffn_post_norm, c.d);
  return all;
}

}  // namespace mobiedit
