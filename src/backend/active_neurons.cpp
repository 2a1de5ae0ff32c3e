#include "backend/active_neurons.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <string>
#include <vector>

#include "base/try.h"

namespace mobiedit {
namespace {

Status check_neuron(const ModelConfig& c, const Neuron& neuron) {
  const std::string where = "a neuron of layer " + std::to_string(neuron.layer);
  if (neuron.layer < 0 || neuron.layer >= c.layers)
    return fail(ErrorCode::usage, "no such layer; expected 0 to " + std::to_string(c.layers - 1), where,
                "was it made for another model?");
  for (const std::vector<float>* row : {&neuron.gate, &neuron.up, &neuron.down}) {
    if (row->size() != static_cast<std::size_t>(c.d))
      return fail(ErrorCode::usage,
                  "a row of another length; expected " + std::to_string(c.d) + ", found " + std::to_string(row->size()),
                  where, "was it made for another model?");
    if (!std::ranges::all_of(*row, [](float x) { return std::isfinite(x); }))
      return fail(ErrorCode::usage, "a number that is not finite", where);
  }
  return {};
}

/// Packs row(i) of n rows, [n, k].
template <class Row>
Result<kernels::PackedWeight> pack_rows(kernels::Isa isa, int n, int k, ThreadPool& pool, const Row& row) {
  return kernels::PackedWeight::from_floats(isa, kernels::WeightKind::f32, n, k, row, pool);
}

Result<ActiveNeurons::Layer> pack_layer(std::span<const Neuron* const> neurons, int d, kernels::Isa isa,
                                        ThreadPool& pool) {
  ActiveNeurons::Layer layer;
  layer.count = static_cast<int>(neurons.size());
  const auto of = [&](int i) -> const Neuron& { return *neurons[static_cast<std::size_t>(i)]; };
  auto gate = pack_rows(isa, layer.count, d, pool,
                        [&](int i, std::span<float> values) { std::ranges::copy(of(i).gate, values.begin()); });
  if (!gate) return std::unexpected(gate.error());
  auto up = pack_rows(isa, layer.count, d, pool,
                      [&](int i, std::span<float> values) { std::ranges::copy(of(i).up, values.begin()); });
  if (!up) return std::unexpected(up.error());
  auto down = pack_rows(isa, d, layer.count, pool, [&](int row, std::span<float> values) {
    for (int i = 0; i < layer.count; ++i)
      values[static_cast<std::size_t>(i)] = of(i).down[static_cast<std::size_t>(row)];
  });
  if (!down) return std::unexpected(down.error());
  layer.gate = std::move(*gate);
  layer.up = std::move(*up);
  layer.down = std::move(*down);
  return layer;
}

}  // namespace

Result<ActiveNeurons> ActiveNeurons::resolve(const ModelConfig& config, std::span<const Neuron> neurons,
                                             kernels::Isa isa, ThreadPool& pool) try {
  std::map<int, std::vector<const Neuron*>> by_layer;
  for (const Neuron& neuron : neurons) {
    MOBIEDIT_CHECK(check_neuron(config, neuron));
    by_layer[neuron.layer].push_back(&neuron);
  }
  ActiveNeurons active;
  for (const auto& [layer, own] : by_layer) {
    MOBIEDIT_TRY(auto packed, pack_layer(own, config.d, isa, pool));
    active.layers_.emplace(layer, std::make_shared<const Layer>(std::move(packed)));
  }
  return active;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the neurons in force");
}

const ActiveNeurons::Layer* ActiveNeurons::at(int layer) const {
  const auto found = layers_.find(layer);
  return found == layers_.end() ? nullptr : found->second.get();
}

}  // namespace mobiedit
