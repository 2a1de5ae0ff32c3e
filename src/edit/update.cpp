#include "mobiedit/edit/update.h"

namespace mobiedit {

std::string_view kind_of(const Update& update) {
  return std::holds_alternative<Neuron>(update) ? "neuron" : "rank-one";
}

int layer_of(const Update& update) {
  if (const auto* neuron = std::get_if<Neuron>(&update)) return neuron->layer;
  return std::get<RankOneUpdate>(update).block;
}

void add_to(Changes& changes, const Update& update) {
  if (const auto* neuron = std::get_if<Neuron>(&update)) {
    changes.neurons.push_back(*neuron);
  } else {
    changes.adapters.push_back(to_low_rank(std::get<RankOneUpdate>(update)));
  }
}

Changes changes_of(const Update& update) {
  Changes changes;
  add_to(changes, update);
  return changes;
}

Changes changes_of(std::span<const Update> updates) {
  Changes changes;
  for (const Update& update : updates) add_to(changes, update);
  return changes;
}

}  // namespace mobiedit
