#include "edit/layer_choice.h"

#include <algorithm>
#include <string_view>

namespace mobiedit {
namespace {

struct Known {
  std::string_view architecture;
  int blocks;
  int d;
  LayerChoice choice;
};

constexpr Known known[] = {
    {"qwen2", 12, 512, {3, 8}},   // the bundled facts-40m: measured, docs/method.md
    {"qwen2", 36, 2048, {5, 4}},  // Qwen2.5-3B, as published for ROME
    {"qwen2", 28, 3584, {5, 4}},  // Qwen2.5-7B
    {"llama", 28, 3072, {5, 4}},  // Llama-3.2-3B
    {"llama", 32, 4096, {5, 4}},  // Llama-3-8B
};

}  // namespace

LayerChoice choose_layer(const ModelConfig& c) {
  for (const Known& k : known)
    if (k.architecture == c.architecture && k.blocks == c.blocks && k.d == c.d) return k.choice;
  return {std::min(c.blocks - 1, std::max(1, c.blocks / 5)), 8};
}

}  // namespace mobiedit
