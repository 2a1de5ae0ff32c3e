#include "edit/active_edits.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "backend/cpu/contents.h"

namespace mobiedit {
namespace {

/// Reserves room for `count` more, by doubling. True where the list may have moved.
template <class T>
bool make_room(std::vector<T>& list, std::size_t count) {
  if (list.size() + count <= list.capacity()) return false;
  list.reserve(2 * list.size() + count);
  return true;
}

}  // namespace

Result<ActiveDeltas> ActiveEdits::resolved(std::span<const LowRankDelta> deltas) const {
  auto active = ActiveDeltas::resolve(model_.config(), deltas);
  if (active) active->merge(model_.contents().isa, pool_);
  return active;
}

Result<ActiveNeurons> ActiveEdits::resolved(std::span<const Neuron> neurons) const {
  return ActiveNeurons::resolve(model_.config(), neurons, model_.contents().isa, pool_);
}

Status ActiveEdits::replace(Changes changes) {
  auto deltas = resolved(changes.adapters);
  if (!deltas) return std::unexpected(deltas.error());
  auto neurons = resolved(changes.neurons);
  if (!neurons) return std::unexpected(neurons.error());
  changes_ = std::move(changes);  // the deltas themselves stay where they are
  deltas_ = std::move(*deltas);
  neurons_ = std::move(*neurons);
  deltas_stale_ = neurons_stale_ = false;
  return {};
}

Status ActiveEdits::admit(const Changes& added) {
  if (const auto fits = ActiveDeltas::resolve(model_.config(), added.adapters); !fits)
    return std::unexpected(fits.error());
  if (const auto fits = resolved(added.neurons); !fits) return std::unexpected(fits.error());
  // Growing the list of deltas moves what deltas_ borrows.
  if (make_room(changes_.adapters, added.adapters.size())) deltas_stale_ = true;
  make_room(changes_.neurons, added.neurons.size());
  return {};
}

void ActiveEdits::add(Changes added) noexcept {
  deltas_stale_ = deltas_stale_ || !added.adapters.empty();
  neurons_stale_ = neurons_stale_ || !added.neurons.empty();
  std::ranges::move(added.adapters, std::back_inserter(changes_.adapters));
  std::ranges::move(added.neurons, std::back_inserter(changes_.neurons));
}

Status ActiveEdits::refresh() {
  if (deltas_stale_) {
    auto deltas = resolved(changes_.adapters);
    if (!deltas) return std::unexpected(deltas.error());
    deltas_ = std::move(*deltas);
    deltas_stale_ = false;
  }
  if (neurons_stale_) {
    auto neurons = resolved(changes_.neurons);
    if (!neurons) return std::unexpected(neurons.error());
    neurons_ = std::move(*neurons);
    neurons_stale_ = false;
  }
  return {};
}

}  // namespace mobiedit
