#include "backend/cpu/tape.h"

#include <algorithm>
#include <new>
#include <numeric>

#include "backend/cpu/contents.h"
#include "backend/cpu/rope.h"
#include "base/try.h"
#include "kernels/gradients.h"
#include "kernels/vector_ops.h"
#include "model/arch/arch.h"

namespace mobiedit {
namespace {

std::size_t count(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

// Copies the rows of x [*, width] whose numbers are in `which`.
std::vector<float> gather(const std::vector<float>& x, std::span<const int> which, std::size_t width) {
  std::vector<float> rows;
  rows.reserve(which.size() * width);
  for (const int r : which) {
    const float* from = x.data() + static_cast<std::size_t>(r) * width;
    rows.insert(rows.end(), from, from + width);
  }
  return rows;
}

}  // namespace

Tape::Tape(const Model& model, ThreadPool& pool, int first_layer)
    : model_(model), pool_(pool), first_(first_layer), ops_(model.contents().isa) {
  const std::vector<float>& factors = model.contents().weights.rope_factors;
  for (int layer = first_; layer < model.config().layers; ++layer) {
    const RopeSpec& rope = model.config().spec(layer).rope;
    frequencies_.push_back(rope_frequencies(rope, rope.factors ? factors : std::vector<float>()));
  }
}

Result<std::unique_ptr<Tape>> Tape::create(const Model& model, ThreadPool& pool, int first_layer) try {
  const Arch* arch = find_architecture(model.config().architecture);
  if (!arch || !arch->backward)
    return fail(ErrorCode::usage,
                "there is no backward pass for the architecture '" + model.config().architecture + "'", {},
                "the forward-only methods need none");
  std::unique_ptr<Tape> tape(new Tape(model, pool, first_layer));
  MOBIEDIT_CHECK(tape->load());
  return tape;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for a backward pass", {},
              "the forward-only methods need a fraction of it");
}

Status Tape::load() {
  const ModelConfig& c = model_.config();
  const Weights& weights = model_.contents().weights;
  products_.resize(count(c.layers - first_, ActiveDeltas::slots));
  const auto load_weight = [&](const kernels::PackedWeight& weight, Product& p) {
    const bool floats = weight.kind() == kernels::WeightKind::f32;
    if (floats) p.forward = &weight;
    return load(weight.n(), weight.k(), [&](int row, std::span<float> values) { weight.row(row, values); }, floats, p);
  };
  for (int layer = first_; layer < c.layers; ++layer) {
    const LayerWeights& w = weights.layers[static_cast<std::size_t>(layer)];
    const kernels::PackedWeight* all[] = {&w.q, &w.k, &w.v, &w.o, &w.gate, &w.up, &w.down};
    for (std::size_t slot = 0; slot < ActiveDeltas::slots; ++slot)
      if (auto s = load_weight(*all[slot], products_[count(layer - first_, ActiveDeltas::slots) + slot]); !s) return s;
  }
  return load(
      c.vocab, c.d,
      [&](int row, std::span<float> values) {
        weights.output.slices[static_cast<std::size_t>(row / OutputWeight::slice_rows)].row(
            row % OutputWeight::slice_rows, values);
      },
      false, output_);
}

Status Tape::load(int n, int k, const kernels::PackedWeight::FloatRows& rows, bool transposed_only, Product& p) {
  const auto height = static_cast<std::size_t>(n), width = static_cast<std::size_t>(k);
  const kernels::Isa isa = model_.contents().isa;
  std::vector<float> values(height * width);
  for (std::size_t i = 0; i < height; ++i) rows(static_cast<int>(i), {values.data() + i * width, width});
  if (!transposed_only) {
    auto packed = kernels::PackedWeight::from_floats(
        isa, kernels::WeightKind::f32, n, k,
        [&](int row, std::span<float> to) {
          std::copy_n(values.data() + static_cast<std::size_t>(row) * width, width, to.data());
        },
        pool_);
    if (!packed) return std::unexpected(packed.error());
    p.own = std::move(*packed);
  }
  auto packed = kernels::PackedWeight::from_floats(
      isa, kernels::WeightKind::f32, k, n,
      [&](int row, std::span<float> to) {
        for (std::size_t i = 0; i < height; ++i) to[i] = values[i * width + static_cast<std::size_t>(row)];
      },
      pool_);
  if (!packed) return std::unexpected(packed.error());
  p.transposed = std::move(*packed);
  return {};
}

const Tape::Product& Tape::product(int layer, Slot slot) const {
  return products_[count(layer - first_, ActiveDeltas::slots) + static_cast<std::size_t>(slot)];
}

// The last layer's other rows are there for their K/V alone.
std::span<const int> Tape::queries(int layer) const {
  return layer == model_.config().layers - 1 ? wanted_ : all_rows_;
}

void Tape::linear(const kernels::PackedWeight& weight, const float* bias, const float* x, int rows, float* y) {
  activations_.set(weight.isa(), x, rows, weight.k(), static_cast<std::size_t>(weight.k()),
                   kernels::ActivationKind::f32, false, pool_);
  kernels::linear(weight, activations_, bias, y, static_cast<std::size_t>(weight.n()), pool_);
  work_ += count(rows, weight.n()) * static_cast<std::uint64_t>(weight.k());
}

void Tape::multiply(int layer, Slot slot, std::span<const float> bias, const float* x, int rows, float* y) {
  const Product& p = product(layer, slot);
  const kernels::PackedWeight& weight = p.forward ? *p.forward : p.own;
  linear(weight, bias.empty() ? nullptr : bias.data(), x, rows, y);
  if (!options_.deltas) return;
  const auto in = static_cast<std::size_t>(weight.k()), out = static_cast<std::size_t>(weight.n());
  for (const LowRankDelta* delta : options_.deltas->at(layer, slot))
    pool_.run(rows, [&](int row, int) {
      const auto r = static_cast<std::size_t>(row), rank = static_cast<std::size_t>(delta->rank);
      for (std::size_t j = 0; j < rank; ++j) {
        const float h = delta->scale * kernels::dot({delta->a.data() + j * in, in}, {x + r * in, in});
        for (std::size_t i = 0; i < out; ++i) y[r * out + i] += h * delta->b[i * rank + j];
      }
    });
}

void Tape::multiply_back(int layer, Slot slot, const float* gy, int rows, float* gx) {
  const Product& p = product(layer, slot);
  linear(p.transposed, nullptr, gy, rows, gx);
  if (!options_.deltas) return;
  const auto in = static_cast<std::size_t>(p.transposed.n()), out = static_cast<std::size_t>(p.transposed.k());
  for (const LowRankDelta* delta : options_.deltas->at(layer, slot))
    pool_.run(rows, [&](int row, int) {
      const auto r = static_cast<std::size_t>(row), rank = static_cast<std::size_t>(delta->rank);
      for (std::size_t j = 0; j < rank; ++j) {
        float h = 0;
        for (std::size_t i = 0; i < out; ++i) h += gy[r * out + i] * delta->b[i * rank + j];
        ops_.axpy(delta->scale * h, {delta->a.data() + j * in, in}, {gx + r * in, in});
      }
    });
}

void Tape::activate(GateActivation activation, std::span<const float> gate, std::span<const float> up,
                    std::span<float> y) const {
  if (activation == GateActivation::gelu_tanh) return ops_.gelu_multiply(gate, up, y);
  ops_.silu_multiply(gate, up, y);
}

void Tape::activate_back(GateActivation activation, std::span<const float> gy, std::span<float> gate,
                         std::span<float> up) {
  if (activation == GateActivation::gelu_tanh) return kernels::gelu_multiply_gradient(gy, gate, up);
  kernels::silu_multiply_gradient(gy, gate, up);
}

void Tape::add_output(const std::vector<float>& norm, float scale, std::vector<float>& out, std::vector<float>& kept,
                      std::vector<float>& residual) {
  if (!norm.empty()) {
    kept = out;
    normalise(kept, norm, out);
  }
  ops_.axpy(scale, out, residual);
}

std::vector<float> Tape::output_back(const std::vector<float>& norm, float scale, const std::vector<float>& kept,
                                     const std::vector<float>& gradient) {
  std::vector<float> by_out = gradient;
  if (scale != 1.0f)
    for (float& x : by_out) x *= scale;
  if (!norm.empty()) normalise_back(kept, norm, by_out);
  return by_out;
}

void Tape::normalise(const std::vector<float>& x, const std::vector<float>& norm, std::vector<float>& y) {
  if (norm.empty()) {
    y = x;
    return;
  }
  const std::size_t width = norm.size();
  y.resize(x.size());
  pool_.run(static_cast<int>(x.size() / width), [&](int row, int) {
    const std::size_t at = static_cast<std::size_t>(row) * width;
    ops_.rms_norm({x.data() + at, width}, norm, model_.config().norm_epsilon, {y.data() + at, width});
  });
}

void Tape::normalise_back(const std::vector<float>& x, const std::vector<float>& norm, std::vector<float>& g) {
  if (norm.empty()) return;
  const std::size_t width = norm.size();
  pool_.run(static_cast<int>(x.size() / width), [&](int row, int) {
    const std::size_t at = static_cast<std::size_t>(row) * width;
    const std::vector<float> gy(g.begin() + static_cast<std::ptrdiff_t>(at),
                                g.begin() + static_cast<std::ptrdiff_t>(at + width));
    kernels::rms_norm_gradient({x.data() + at, width}, norm, model_.config().norm_epsilon, gy, {g.data() + at, width});
  });
}

void Tape::rotate(int layer, std::vector<float>& x, std::span<const int> rows, bool back) const {
  const ModelConfig& c = model_.config();
  const std::vector<double>& frequencies = frequencies_[static_cast<std::size_t>(layer - first_)];
  const std::size_t width = x.size() / rows.size();
  pool_.run(static_cast<int>(rows.size()), [&](int i, int) {
    const int position = rows_[static_cast<std::size_t>(rows[static_cast<std::size_t>(i)])].position;
    rotate_heads({x.data() + static_cast<std::size_t>(i) * width, width}, c.head_dim, c.spec(layer).rope, frequencies,
                 back ? -position : position);
  });
}

void Tape::forward_layer(int layer, std::vector<float>& residual) {
  const ModelConfig& c = model_.config();
  const LayerWeights& w = model_.contents().weights.layers[static_cast<std::size_t>(layer)];
  const auto d = static_cast<std::size_t>(c.d);
  const int rows = static_cast<int>(rows_.size());
  const std::span<const int> asking = queries(layer);
  const int m = static_cast<int>(asking.size());
  const LayerSpec& spec = c.spec(layer);
  Step& step = steps_[static_cast<std::size_t>(layer - first_)];
  step.in = residual;
  std::vector<float> normed, attended;
  normalise(residual, w.attn_norm, normed);
  step.k.resize(count(rows, c.kv_size()));
  step.v.resize(step.k.size());
  step.q.resize(count(m, c.q_size()));
  multiply(layer, Slot::k, w.k_bias, normed.data(), rows, step.k.data());
  multiply(layer, Slot::v, w.v_bias, normed.data(), rows, step.v.data());
  if (m < rows) {
    normed = gather(normed, asking, d);
    residual = gather(residual, asking, d);
  }
  multiply(layer, Slot::q, w.q_bias, normed.data(), m, step.q.data());
  if (!w.q_norm.empty()) {
    step.q_plain = step.q;
    step.k_plain = step.k;
    normalise(step.q_plain, w.q_norm, step.q);
    normalise(step.k_plain, w.k_norm, step.k);
  }
  rotate(layer, step.q, asking, false);
  rotate(layer, step.k, all_rows_, false);
  attend(layer, step, attended);
  std::vector<float> out(residual.size());
  multiply(layer, Slot::o, w.o_bias, attended.data(), m, out.data());
  add_output(w.attn_post_norm, spec.residual_scale, out, step.attention_out, residual);
  step.middle = residual;

  normalise(residual, w.ffn_norm, normed);
  step.gate.resize(count(m, c.f));
  step.up.resize(step.gate.size());
  multiply(layer, Slot::gate, {}, normed.data(), m, step.gate.data());
  multiply(layer, Slot::up, {}, normed.data(), m, step.up.data());
  std::vector<float> key(step.gate.size());
  activate(spec.activation, step.gate, step.up, key);
  multiply(layer, Slot::down, {}, key.data(), m, out.data());
  add_neurons(layer, normed, out);
  inject(layer, out);
  add_output(w.ffn_post_norm, spec.residual_scale, out, step.ffn_out, residual);
}

// `gradient`: by what leaves the layer, [queries, d]; then by what enters it, [rows, d].
void Tape::backward_layer(int layer, std::vector<float>& gradient) {
  const ModelConfig& c = model_.config();
  const LayerWeights& w = model_.contents().weights.layers[static_cast<std::size_t>(layer)];
  const auto d = static_cast<std::size_t>(c.d);
  const int rows = static_cast<int>(rows_.size());
  const std::span<const int> asking = queries(layer);
  const int m = static_cast<int>(asking.size());
  const LayerSpec& spec = c.spec(layer);
  Step& step = steps_[static_cast<std::size_t>(layer - first_)];

  std::vector<float> key(count(m, c.f)), gate = step.gate, up = step.up;
  const std::vector<float> by_values = output_back(w.ffn_post_norm, spec.residual_scale, step.ffn_out, gradient);
  multiply_back(layer, Slot::down, by_values.data(), m, key.data());
  activate_back(spec.activation, key, gate, up);
  std::vector<float> by_gate(gradient.size()), normed(gradient.size());
  multiply_back(layer, Slot::gate, gate.data(), m, by_gate.data());
  multiply_back(layer, Slot::up, up.data(), m, normed.data());
  ops_.axpy(1.0f, by_gate, normed);
  pull_injections(layer, by_values);
  if (has_neurons(layer)) {
    std::vector<float> input;
    normalise(step.middle, w.ffn_norm, input);
    add_neuron_gradients(layer, input, by_values, normed);
  }
  normalise_back(step.middle, w.ffn_norm, normed);
  ops_.axpy(1.0f, normed, gradient);

  std::vector<float> attended(count(m, c.q_size())), gq, gk, gv;
  const std::vector<float> by_out = output_back(w.attn_post_norm, spec.residual_scale, step.attention_out, gradient);
  multiply_back(layer, Slot::o, by_out.data(), m, attended.data());
  attend_back(layer, step, attended, gq, gk, gv);
  rotate(layer, gq, asking, true);
  rotate(layer, gk, all_rows_, true);
  if (!w.q_norm.empty()) {
    normalise_back(step.q_plain, w.q_norm, gq);
    normalise_back(step.k_plain, w.k_norm, gk);
  }
  std::vector<float> by_q(gradient.size()), by_k(step.in.size()), by_v(step.in.size());
  multiply_back(layer, Slot::q, gq.data(), m, by_q.data());
  multiply_back(layer, Slot::k, gk.data(), rows, by_k.data());
  multiply_back(layer, Slot::v, gv.data(), rows, by_v.data());
  ops_.axpy(1.0f, by_v, by_k);
  for (std::size_t i = 0; i < asking.size(); ++i)
    ops_.axpy(1.0f, {by_q.data() + i * d, d}, {by_k.data() + static_cast<std::size_t>(asking[i]) * d, d});
  normalise_back(step.in, w.attn_norm, by_k);
  for (std::size_t i = 0; i < asking.size(); ++i)
    ops_.axpy(1.0f, {gradient.data() + i * d, d}, {by_k.data() + static_cast<std::size_t>(asking[i]) * d, d});
  gradient = std::move(by_k);
}

void Tape::record(std::span<const float> residual, std::span<const BatchSequence> sequences,
                  const PassOptions& options) {
  const std::span<const int> wanted = options.outputs;
  options_ = options;
  options_.outputs = {};
  const ModelConfig& c = model_.config();
  sequences_.assign(sequences.begin(), sequences.end());
  wanted_.assign(wanted.begin(), wanted.end());
  lay_out_rows(sequences, rows_, all_rows_);
  steps_.resize(static_cast<std::size_t>(c.layers - first_));
  out_.assign(residual.begin(), residual.end());
  inject_before(out_);
  for (int layer = first_; layer < c.layers; ++layer) forward_layer(layer, out_);
  std::vector<float> normed;
  normalise(out_, model_.contents().weights.output_norm, normed);
  logits_.resize(count(static_cast<int>(wanted_.size()), c.vocab));
  linear(output_.own, nullptr, normed.data(), static_cast<int>(wanted_.size()), logits_.data());
  if (c.logit_scale != 1.0f)
    for (float& x : logits_) x *= c.logit_scale;
  if (c.logit_cap > 0) kernels::soft_cap(c.logit_cap, logits_);
}

std::span<const float> Tape::pull_back(std::span<const float> slopes) {
  const ModelConfig& c = model_.config();
  std::vector<float> gradient(slopes.begin(), slopes.end());
  for (std::size_t i = 0; i < gradient.size() && c.logit_cap > 0; ++i) {
    const float bend = logits_[i] / c.logit_cap;
    gradient[i] *= 1 - bend * bend;
  }
  if (c.logit_scale != 1.0f)
    for (float& x : gradient) x *= c.logit_scale;
  gradient_.resize(out_.size());
  linear(output_.transposed, nullptr, gradient.data(), static_cast<int>(wanted_.size()), gradient_.data());
  normalise_back(out_, model_.contents().weights.output_norm, gradient_);
  vector_gradient_.assign(options_.injections ? options_.injections->vectors.size() : 0, 0.0f);
  for (int layer = model_.config().layers; layer-- > first_;) backward_layer(layer, gradient_);
  pull_before(gradient_);
  return gradient_;
}

}  // namespace mobiedit
