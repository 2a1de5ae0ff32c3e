#include "edit/layer_choice.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace mobiedit {
namespace {

struct Known {
  std::string_view architecture;
  int layers, d, vocab;
  std::string_view name;  ///< general.name; empty: any
  int layer;
  double clamp;
  double confidence_threshold = 0;
  bool measured = false;  ///< the layer was chosen by measuring rank-one updates of this model
};

constexpr Known known[] = {
    {"qwen2", 12, 512, 8192, "facts-40m", 5, 8, 0.8, true},  // the bundled model
    {"qwen2", 36, 2048, 151936, "", 5, 4},                   // Qwen2.5-3B, as published for ROME
    {"qwen2", 28, 3584, 152064, "", 5, 4},                   // Qwen2.5-7B
    {"llama", 28, 3072, 128256, "", 5, 4},                   // Llama-3.2-3B
    {"llama", 32, 4096, 128256, "", 5, 4},                   // Llama-3-8B
};

const Known* find(const ModelConfig& c) {
  const auto same = [&](const Known& k) {
    return k.architecture == c.architecture && k.layers == c.layers && k.d == c.d && k.vocab == c.vocab &&
           (k.name.empty() || k.name == c.name);
  };
  const auto* found = std::ranges::find_if(known, same);
  return found == std::end(known) ? nullptr : found;
}

// Layers of neurons, measured with hundreds of them in force.
struct KnownNeurons {
  std::string_view architecture;
  int layers, d, layer;
};
constexpr KnownNeurons known_neurons[] = {
    {"llama", 30, 576, 14},   // SmolLM2-135M
    {"gemma3", 18, 640, 10},  // Gemma 3 270M
};
constexpr double neuron_clamp = 10;

}  // namespace

WriteKind usual_write(const ModelConfig& c) {
  const Known* k = find(c);
  return k != nullptr && k->measured ? WriteKind::rank_one : WriteKind::neuron;
}

LayerChoice neuron_layer(const ModelConfig& c) {
  for (const KnownNeurons& k : known_neurons)
    if (k.architecture == c.architecture && k.layers == c.layers && k.d == c.d)
      return {k.layer, neuron_clamp, "neurons of this model were measured", true};
  return {std::clamp((c.layers - 1) / 2, 0, std::max(0, c.layers - 2)), neuron_clamp,
          "half of the depth, where neurons do best", false};
}

std::optional<LayerChoice> known_layer(const ModelConfig& c) {
  if (const Known* k = find(c)) return LayerChoice{k->layer, k->clamp, "this model is in the table", true};
  return {};
}

double confidence_threshold_for(const ModelConfig& c, std::optional<double> threshold) {
  const Known* k = find(c);
  return threshold.value_or(k ? k->confidence_threshold : 0);
}

LayerChoice usual_layer(const ModelConfig& c) {
  return {std::max(0, std::min(c.layers - 2, std::max(1, c.layers / 5))), 8,
          "a fifth of the depth, where most edits are made", false};
}

LayerChoice layer_for(const ModelConfig& c, const EditOptions& options) {
  LayerChoice choice = options.write == WriteKind::neuron ? neuron_layer(c) : known_layer(c).value_or(usual_layer(c));
  choice.layer = options.layer.value_or(choice.layer);
  choice.clamp = options.clamp.value_or(choice.clamp);
  return choice;
}

Status check_layer(const ModelConfig& c, int layer) {
  if (c.is_mixture(layer))
    return fail(ErrorCode::usage,
                "layer " + std::to_string(layer) + " is a mixture of experts, whose down weights can't be edited");
  if (layer >= 0 && layer <= c.layers - 2) return {};
  return fail(ErrorCode::usage, "layer " + std::to_string(layer) + " cannot be edited; expected 0 to " +
                                    std::to_string(c.layers - 2) + ", as no layer would read a change of the last one");
}

}  // namespace mobiedit
