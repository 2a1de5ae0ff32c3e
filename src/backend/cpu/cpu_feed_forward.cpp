// Feed-forward of the forward pass: gate, up and down, or experts; neurons and injections beside them.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "backend/cpu/contents.h"
#include "backend/cpu/cpu_forward.h"
#include "backend/cpu/scratch.h"

namespace mobiedit {

void CpuForward::activate(GateActivation activation, std::span<float> gate, std::span<const float> up) const {
  switch (activation) {
    case GateActivation::silu:
      return ops_.silu_multiply(gate, up, gate);
    case GateActivation::gelu_tanh:
      return ops_.gelu_multiply(gate, up, gate);
    case GateActivation::clamped_silu:
      return kernels::clamped_silu_multiply(gate, up, gate);
  }
}

bool CpuForward::feed_forward(const PassOptions& options, int layer, int rows, const Capture* capture,
                              const std::function<void(int)>& fill) {
  const ModelConfig& c = config();
  const LayerWeights& w = model_.contents().weights.layers[static_cast<std::size_t>(layer)];
  const bool mixture = !w.experts.empty();
  if (mixture) {
    set_activations(options, {layer, feed_forward_input}, normed_.data(), rows, c.d, {&w.router}, fill);
  } else {
    set_activations(options, {layer, feed_forward_input}, normed_.data(), rows, c.d, {&w.gate, &w.up}, fill);
  }
  if (capture && capture->inputs) std::copy_n(normed_.data(), product(rows, c.d), capture->inputs);
  if (capture && capture->stop_at_inputs) return false;
  if (mixture) {
    run_experts(options, layer, rows);
    return !(capture && capture->stop_at_keys);
  }
  project(options, layer, {{&w.gate, {}, ActiveDeltas::gate, gate_.data()}, {&w.up, {}, ActiveDeltas::up, up_.data()}});
  const bool in_floats = layer == options.float_down_layer && layer == float_down_layer_;
  const kernels::PackedWeight& down_weight = in_floats ? *float_down_ : w.down;
  const GateActivation activation = c.spec(layer).activation;
  set_activations(options, {layer, down_input}, gate_.data(), rows, c.f, {&down_weight}, [&](int row) {
    const auto f = static_cast<std::size_t>(c.f);
    const std::size_t at = static_cast<std::size_t>(row) * f;
    activate(activation, {gate_.data() + at, f}, {up_.data() + at, f});
  });
  if (capture && capture->keys) std::copy_n(gate_.data(), product(rows, c.f), capture->keys);
  if (capture && capture->stop_at_keys) return false;
  project(options, layer, {{&down_weight, {}, ActiveDeltas::down, out_.data()}});
  return true;
}

void CpuForward::choose_experts(const ExpertSpec& spec, int rows) {
  const auto count = static_cast<std::size_t>(spec.count), used = static_cast<std::size_t>(spec.used);
  chosen_.resize(count);
  for (auto& of_expert : chosen_) of_expert.clear();
  std::vector<int> order(count);
  std::vector<float> weights(used);
  for (int row = 0; row < rows; ++row) {
    const std::span<float> scores{routed_.data() + static_cast<std::size_t>(row) * count, count};
    if (!spec.softmax_chosen) ops_.softmax(scores);
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(order.begin(), order.begin() + spec.used, order.end(), [&](int a, int b) {
      const float x = scores[static_cast<std::size_t>(a)], y = scores[static_cast<std::size_t>(b)];
      return x != y ? x > y : a < b;
    });
    for (std::size_t i = 0; i < used; ++i) weights[i] = scores[static_cast<std::size_t>(order[i])];
    if (spec.softmax_chosen) {
      ops_.softmax(weights);
    } else {
      const float sum = std::max(std::accumulate(weights.begin(), weights.end(), 0.0f), 1e-20f);
      for (float& weight : weights) weight /= sum;
    }
    for (std::size_t i = 0; i < used; ++i)
      chosen_[static_cast<std::size_t>(order[i])].push_back({row, spec.scale * weights[i]});
  }
}

// Reads normed_ and the router's activations, which were set last.
void CpuForward::run_experts(const PassOptions& options, int layer, int rows) {
  const ModelConfig& c = config();
  const LayerSpec& spec = c.spec(layer);
  const LayerWeights& w = model_.contents().weights.layers[static_cast<std::size_t>(layer)];
  const auto d = static_cast<std::size_t>(c.d), f = static_cast<std::size_t>(spec.experts.f);
  ensure(routed_, product(rows, spec.experts.count));
  kernels::linear(w.router, activations_, w.router_bias.empty() ? nullptr : w.router_bias.data(), routed_.data(),
                  static_cast<std::size_t>(spec.experts.count), pool_);
  count(w.router, rows);
  choose_experts(spec.experts, rows);

  std::fill_n(out_.data(), product(rows, c.d), 0.0f);
  for (std::size_t e = 0; e < w.experts.size(); ++e) {
    const std::vector<Chosen>& chosen = chosen_[e];
    if (chosen.empty()) continue;
    const ExpertWeights& expert = w.experts[e];
    const int n = static_cast<int>(chosen.size());
    ensure(expert_in_, chosen.size() * d);
    ensure(expert_out_, chosen.size() * d);
    const auto bias = [](const std::vector<float>& values) { return values.empty() ? nullptr : values.data(); };
    set_activations(
        options, {layer, feed_forward_input}, expert_in_.data(), n, c.d, {&expert.gate, &expert.up}, [&](int i) {
          const auto at = static_cast<std::size_t>(i);
          std::copy_n(normed_.data() + static_cast<std::size_t>(chosen[at].row) * d, d, expert_in_.data() + at * d);
        });
    const kernels::Product opening[] = {{&expert.gate, bias(expert.gate_bias), gate_.data(), f},
                                        {&expert.up, bias(expert.up_bias), up_.data(), f}};
    kernels::linear(opening, activations_, pool_);
    set_activations(options, {layer, down_input}, gate_.data(), n, spec.experts.f, {&expert.down}, [&](int i) {
      const std::size_t at = static_cast<std::size_t>(i) * f;
      activate(spec.activation, {gate_.data() + at, f}, {up_.data() + at, f});
    });
    kernels::linear(expert.down, activations_, bias(expert.down_bias), expert_out_.data(), d, pool_);
    for (const kernels::PackedWeight* weight : {&expert.gate, &expert.up, &expert.down}) count(*weight, n);
    for (std::size_t i = 0; i < chosen.size(); ++i)
      ops_.axpy(chosen[i].weight, {expert_out_.data() + i * d, d},
                {out_.data() + static_cast<std::size_t>(chosen[i].row) * d, d});
  }
}

void CpuForward::add_neurons(const ActiveNeurons::Layer& neurons, GateActivation activation, int first, int rows) {
  const ModelConfig& c = config();
  const auto d = static_cast<std::size_t>(c.d), n = static_cast<std::size_t>(neurons.count);
  ensure(neuron_gate_, product(rows, neurons.count));
  ensure(neuron_up_, product(rows, neurons.count));
  ensure(neuron_out_, product(rows, c.d));
  const kernels::Isa isa = model_.contents().isa;
  neuron_activations_.set(isa, normed_.data() + static_cast<std::size_t>(first) * d, rows, c.d, d,
                          kernels::ActivationKind::f32, false, pool_);
  const kernels::Product opening[] = {{&neurons.gate, nullptr, neuron_gate_.data(), n},
                                      {&neurons.up, nullptr, neuron_up_.data(), n}};
  kernels::linear(opening, neuron_activations_, pool_);
  neuron_activations_.set(isa, neuron_gate_.data(), rows, neurons.count, n, kernels::ActivationKind::f32, false, pool_,
                          [&](int row) {
                            const std::size_t at = static_cast<std::size_t>(row) * n;
                            const std::span<float> gate{neuron_gate_.data() + at, n};
                            activate(activation, gate, {neuron_up_.data() + at, n});
                          });
  kernels::linear(neurons.down, neuron_activations_, nullptr, neuron_out_.data(), d, pool_);
  ops_.axpy(1.0f, {neuron_out_.data(), product(rows, c.d)},
            {out_.data() + static_cast<std::size_t>(first) * d, product(rows, c.d)});
  for (const kernels::PackedWeight* weight : {&neurons.gate, &neurons.up, &neurons.down}) count(*weight, rows);
}

void CpuForward::add_neurons(int layer, std::span<const BatchSequence> sequences, std::span<const int> rows,
                             const PassOptions& options) {
  if (const auto* all = options.neurons ? options.neurons->at(layer) : nullptr)
    add_neurons(*all, config().spec(layer).activation, 0, static_cast<int>(rows.size()));
  const auto sequence_of = [&](std::size_t i) { return rows_[static_cast<std::size_t>(rows[i])].sequence; };
  for (std::size_t begin = 0, end = 0; begin < rows.size(); begin = end) {
    const int sequence = sequence_of(begin);
    while (end < rows.size() && sequence_of(end) == sequence) ++end;
    const ActiveNeurons* own = sequences[static_cast<std::size_t>(sequence)].neurons;
    if (const auto* neurons = own ? own->at(layer) : nullptr)
      add_neurons(*neurons, config().spec(layer).activation, static_cast<int>(begin), static_cast<int>(end - begin));
  }
}

void CpuForward::inject(const Injections& injections, float* values) const {
  const auto d = static_cast<std::size_t>(config().d);
  for (const Injection& i : injections.rows)
    if (i.amount != 0)
      ops_.axpy(i.amount, injections.vectors.subspan(static_cast<std::size_t>(i.vector) * d, d),
                {values + static_cast<std::size_t>(i.row) * d, d});
}

void CpuForward::inject_before(const Injections& injections, float* residual) const {
  const LayerSpec& spec = config().spec(injections.layer);
  if (!spec.ffn_post_norm && spec.residual_scale == 1.0f) return inject(injections, residual);
  // The residual holds norm(values); it gets norm(values + change) in its place.
  const std::vector<float>& norm =
      model_.contents().weights.layers[static_cast<std::size_t>(injections.layer)].ffn_post_norm;
  const auto d = static_cast<std::size_t>(config().d);
  std::vector<float> changed, normed(d);
  for (std::size_t begin = 0, end = 0; begin < injections.rows.size(); begin = end) {
    const auto row = static_cast<std::size_t>(injections.rows[begin].row);
    const float* values = injections.values + row * d;
    changed.assign(values, values + d);
    for (; end < injections.rows.size() && injections.rows[end].row == injections.rows[begin].row; ++end) {
      const Injection& i = injections.rows[end];
      ops_.axpy(i.amount, injections.vectors.subspan(static_cast<std::size_t>(i.vector) * d, d), changed);
    }
    const auto put = [&](std::span<const float> x, float sign) {
      std::ranges::copy(x, normed.begin());
      if (!norm.empty()) ops_.rms_norm(x, norm, config().norm_epsilon, normed);
      ops_.axpy(sign * spec.residual_scale, normed, {residual + row * d, d});
    };
    put({values, d}, -1.0f);
    put(changed, 1.0f);
  }
}

}  // namespace mobiedit
