#include "lab/bench/shapes.h"

#include <algorithm>

namespace mobiedit {
namespace {

constexpr ModelShape qwen2(std::string_view name, int blocks, int d, int f, int heads, int kv_heads, int vocab,
                           bool tied) {
  return {.name = name,
          .architecture = "qwen2",
          .blocks = blocks,
          .d = d,
          .f = f,
          .heads = heads,
          .kv_heads = kv_heads,
          .head_dim = d / heads,
          .vocab = vocab,
          .context = 32768,
          .rope_base = 1e6,
          .norm_epsilon = 1e-6,
          .tied = tied,
          .qkv_bias = true};
}

constexpr ModelShape qwen3(std::string_view name, int blocks, int d, int f, int heads) {
  return {.name = name,
          .architecture = "qwen3",
          .blocks = blocks,
          .d = d,
          .f = f,
          .heads = heads,
          .kv_heads = 8,
          .head_dim = 128,
          .vocab = 151936,
          .context = 40960,
          .rope_base = 1e6,
          .norm_epsilon = 1e-6,
          .tied = true,
          .qk_norm = true};
}

constexpr ModelShape llama3(std::string_view name, int blocks, int d, int f, int heads, int head_dim) {
  return {.name = name,
          .architecture = "llama",
          .blocks = blocks,
          .d = d,
          .f = f,
          .heads = heads,
          .kv_heads = 8,
          .head_dim = head_dim,
          .vocab = 128256,
          .context = 131072,
          .rope_base = 500000,
          .norm_epsilon = 1e-5,
          .tied = true,
          .rope_factors = true};
}

constexpr ModelShape facts_40m() {
  ModelShape shape = qwen2("facts-40m", 12, 512, 1536, 8, 2, 8192, true);
  shape.context = 512;
  shape.rope_base = 10000;
  return shape;
}

constexpr ModelShape shapes[] = {
    facts_40m(),
    qwen2("qwen2.5-0.5b", 24, 896, 4864, 14, 2, 151936, true),
    qwen3("qwen3-0.6b", 28, 1024, 3072, 16),
    llama3("llama-3.2-1b", 16, 2048, 8192, 32, 64),
    qwen2("qwen2.5-1.5b", 28, 1536, 8960, 12, 2, 151936, true),
    qwen3("qwen3-1.7b", 28, 2048, 6144, 16),
    qwen2("qwen2.5-3b", 36, 2048, 11008, 16, 2, 151936, true),
    llama3("llama-3.2-3b", 28, 3072, 8192, 24, 128),
    qwen3("qwen3-4b", 36, 2560, 9728, 32),
    qwen2("qwen2.5-7b", 28, 3584, 18944, 28, 4, 152064, false),
};

}  // namespace

std::span<const ModelShape> model_shapes() {
  return shapes;
}

const ModelShape* find_shape(std::string_view name) {
  const auto at = std::ranges::find(shapes, name, &ModelShape::name);
  return at == std::end(shapes) ? nullptr : &*at;
}

}  // namespace mobiedit
