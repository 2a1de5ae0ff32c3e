#include "workspace/place_neurons.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/thread_pool.h"
#include "base/try.h"
#include "edit/write/neuron_activity.h"
#include "edit/write/neuron_slots.h"
#include "mobiedit/gguf/types.h"

namespace mobiedit {
namespace {

// A quarter of a layer: with a sixth of SmolLM2's neurons gone, perplexity of other text grows by half a per cent.
constexpr int largest_share = 4;

Status fits(const Model& model, int layer, std::size_t neurons, std::size_t taken, std::size_t own) {
  if (taken * largest_share <= own) return {};
  return fail(ErrorCode::usage,
              "layer " + std::to_string(layer) + " has no room for " + std::to_string(neurons) +
                  " edits in a file; expected at most a quarter of its " + std::to_string(own) + " neurons",
              model.file().path().string(), "disable some edits, or use them from the store");
}

}  // namespace

Result<std::vector<PlacedNeurons>> place_neurons(const Model& model, std::span<const Neuron> neurons, Places places,
                                                 const SessionOptions& session, const CancelToken& cancel) {
  std::map<int, PlacedNeurons> layers;
  for (const Neuron& neuron : neurons) {
    PlacedNeurons& layer = layers[neuron.layer];
    layer.layer = neuron.layer;
    layer.neurons.push_back(neuron);
  }
  const auto pool = session.pool ? session.pool : std::make_shared<ThreadPool>(session.threads);
  std::vector<PlacedNeurons> placed;
  for (auto& [number, layer] : layers) {
    MOBIEDIT_TRY(const auto activity, neuron_activity(model, number, *pool, cancel));
    MOBIEDIT_TRY(const auto use, neuron_use(model.file(), number, activity));
    std::size_t group = 1;
    if (places == Places::whole_blocks) {
      const auto* down = model.file().find_tensor("blk." + std::to_string(number) + ".ffn_down.weight");
      group = gguf::traits(down->type)->block_values;
    }
    const std::size_t taken = (layer.neurons.size() + group - 1) / group * group;
    MOBIEDIT_CHECK(fits(model, number, layer.neurons.size(), taken, use.size()));
    MOBIEDIT_TRY(layer.slots, least_used(use, static_cast<int>(layer.neurons.size()), static_cast<int>(group)));
    placed.push_back(std::move(layer));
  }
  return placed;
}

}  // namespace mobiedit
