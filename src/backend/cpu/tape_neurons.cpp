// Neurons in force and injections on the tape, forward and backward: plain loops.
#include <algorithm>

#include "backend/cpu/contents.h"
#include "backend/cpu/tape.h"
#include "kernels/gradients.h"
#include "kernels/vector_ops.h"

namespace mobiedit {
namespace {

/// A layer's neurons as plain rows, [count, d] each.
struct NeuronRows {
  NeuronRows(const ActiveNeurons::Layer& neurons, kernels::RowOps row_ops)
      : ops_(row_ops), d(static_cast<std::size_t>(neurons.down.n())), count(static_cast<std::size_t>(neurons.count)) {
    for (auto* rows : {&gate, &up, &down}) rows->resize(count * d);
    for (std::size_t i = 0; i < count; ++i) {
      neurons.gate.row(static_cast<int>(i), std::span(gate).subspan(i * d, d));
      neurons.up.row(static_cast<int>(i), std::span(up).subspan(i * d, d));
    }
    std::vector<float> across(count);
    for (std::size_t j = 0; j < d; ++j) {
      neurons.down.row(static_cast<int>(j), across);
      for (std::size_t i = 0; i < count; ++i) down[i * d + j] = across[i];
    }
  }

  /// Products of every row with x [d].
  [[nodiscard]] std::vector<float> with(const std::vector<float>& rows, std::span<const float> x) const {
    std::vector<float> products(count);
    for (std::size_t i = 0; i < count; ++i) products[i] = ops_.dot({rows.data() + i * d, d}, x);
    return products;
  }
  /// y += the sum of the rows, each times its weight.
  void add(const std::vector<float>& rows, std::span<const float> weights, std::span<float> y) const {
    for (std::size_t i = 0; i < count; ++i) ops_.axpy(weights[i], {rows.data() + i * d, d}, y);
  }

  kernels::RowOps ops_;
  std::size_t d, count;
  std::vector<float> gate, up, down;
};

}  // namespace

template <class Work>
void Tape::for_neurons(int layer, const Work& work) const {
  const std::span<const int> asking = queries(layer);
  if (const auto* all = options_.neurons ? options_.neurons->at(layer) : nullptr) work(*all, 0, asking.size());
  const auto sequence_of = [&](std::size_t i) { return rows_[static_cast<std::size_t>(asking[i])].sequence; };
  for (std::size_t begin = 0, end = 0; begin < asking.size(); begin = end) {
    const int sequence = sequence_of(begin);
    while (end < asking.size() && sequence_of(end) == sequence) ++end;
    const ActiveNeurons* own = sequences_[static_cast<std::size_t>(sequence)].neurons;
    if (const auto* neurons = own ? own->at(layer) : nullptr) work(*neurons, begin, end - begin);
  }
}

bool Tape::has_neurons(int layer) const {
  bool any = false;
  for_neurons(layer, [&](const ActiveNeurons::Layer&, std::size_t, std::size_t) { any = true; });
  return any;
}

void Tape::add_neurons(int layer, const std::vector<float>& normed, std::vector<float>& out) {
  for_neurons(layer, [&](const ActiveNeurons::Layer& neurons, std::size_t first, std::size_t count) {
    const NeuronRows rows(neurons, ops_);
    const GateActivation activation = model_.config().spec(layer).activation;
    pool_.run(static_cast<int>(count), [&](int i, int) {
      const std::size_t at = (first + static_cast<std::size_t>(i)) * rows.d;
      std::vector<float> gate = rows.with(rows.gate, {normed.data() + at, rows.d});
      activate(activation, gate, rows.with(rows.up, {normed.data() + at, rows.d}), gate);
      rows.add(rows.down, gate, {out.data() + at, rows.d});
    });
    work_ += 3 * count * rows.count * rows.d;
  });
}

// by_normed += (d out / d normed)ᵀ gradient.
void Tape::add_neuron_gradients(int layer, const std::vector<float>& normed, const std::vector<float>& gradient,
                                std::vector<float>& by_normed) {
  for_neurons(layer, [&](const ActiveNeurons::Layer& neurons, std::size_t first, std::size_t count) {
    const NeuronRows rows(neurons, ops_);
    const GateActivation activation = model_.config().spec(layer).activation;
    pool_.run(static_cast<int>(count), [&](int i, int) {
      const std::size_t at = (first + static_cast<std::size_t>(i)) * rows.d;
      const std::vector<float> by_firing = rows.with(rows.down, {gradient.data() + at, rows.d});
      std::vector<float> gate = rows.with(rows.gate, {normed.data() + at, rows.d});
      std::vector<float> up = rows.with(rows.up, {normed.data() + at, rows.d});
      activate_back(activation, by_firing, gate, up);
      rows.add(rows.gate, gate, {by_normed.data() + at, rows.d});
      rows.add(rows.up, up, {by_normed.data() + at, rows.d});
    });
    work_ += 5 * count * rows.count * rows.d;
  });
}

int Tape::query_of(int layer, int row) const {
  const std::span<const int> asking = queries(layer);
  const auto at = std::ranges::lower_bound(asking, row);
  return at != asking.end() && *at == row ? static_cast<int>(at - asking.begin()) : -1;
}

void Tape::inject(int layer, std::vector<float>& out) const {
  const Injections* injections = options_.injections;
  if (!injections || injections->layer != layer) return;
  const auto d = static_cast<std::size_t>(model_.config().d);
  for (const Injection& i : injections->rows) {
    const int query = query_of(layer, i.row);
    if (query < 0 || i.amount == 0) continue;
    ops_.axpy(i.amount, injections->vectors.subspan(static_cast<std::size_t>(i.vector) * d, d),
              {out.data() + static_cast<std::size_t>(query) * d, d});
  }
}

void Tape::pull_injections(int layer, const std::vector<float>& gradient) {
  const Injections* injections = options_.injections;
  if (!injections || injections->layer != layer) return;
  const auto d = static_cast<std::size_t>(model_.config().d);
  for (const Injection& i : injections->rows) {
    const int query = query_of(layer, i.row);
    if (query < 0) continue;
    ops_.axpy(i.amount, {gradient.data() + static_cast<std::size_t>(query) * d, d},
              std::span(vector_gradient_).subspan(static_cast<std::size_t>(i.vector) * d, d));
  }
}

void Tape::inject_before(std::vector<float>& residual) {
  changed_values_.clear();
  const Injections* injections = options_.injections;
  if (!injections || injections->layer != first_ - 1) return;
  const auto d = static_cast<std::size_t>(model_.config().d);
  const LayerSpec& spec = model_.config().spec(first_ - 1);
  const std::vector<float>& norm = model_.contents().weights.layers[static_cast<std::size_t>(first_ - 1)].ffn_post_norm;
  const bool plain = norm.empty() && spec.residual_scale == 1.0f;
  std::vector<float> change(plain ? 0 : residual.size(), 0.0f);
  for (const Injection& i : injections->rows)
    if (i.amount != 0)
      ops_.axpy(i.amount, injections->vectors.subspan(static_cast<std::size_t>(i.vector) * d, d),
                std::span(plain ? residual : change).subspan(static_cast<std::size_t>(i.row) * d, d));
  if (plain) return;
  // The residual holds norm(values); it gets norm(values + change) in its place.
  const std::vector<float> values(injections->values, injections->values + residual.size());
  std::vector<float> normed;
  normalise(values, norm, normed);
  ops_.axpy(-spec.residual_scale, normed, residual);
  changed_values_ = values;
  ops_.axpy(1.0f, change, changed_values_);
  normalise(changed_values_, norm, normed);
  ops_.axpy(spec.residual_scale, normed, residual);
}

void Tape::pull_before(const std::vector<float>& gradient) {
  const Injections* injections = options_.injections;
  if (!injections || injections->layer != first_ - 1) return;
  const auto d = static_cast<std::size_t>(model_.config().d);
  std::vector<float> by_values;
  if (!changed_values_.empty()) {
    const LayerWeights& w = model_.contents().weights.layers[static_cast<std::size_t>(first_ - 1)];
    by_values =
        output_back(w.ffn_post_norm, model_.config().spec(first_ - 1).residual_scale, changed_values_, gradient);
  }
  const std::vector<float>& by_row = changed_values_.empty() ? gradient : by_values;
  for (const Injection& i : injections->rows)
    ops_.axpy(i.amount, std::span(by_row).subspan(static_cast<std::size_t>(i.row) * d, d),
              std::span(vector_gradient_).subspan(static_cast<std::size_t>(i.vector) * d, d));
}

}  // namespace mobiedit
