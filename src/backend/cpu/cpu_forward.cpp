#include "backend/cpu/cpu_forward.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "backend/cpu/contents.h"
#include "backend/cpu/rope.h"
#include "backend/cpu/round_to.h"
#include "backend/cpu/scratch.h"
#include "base/try.h"

namespace mobiedit {
namespace {

// Few enough for their inputs to stay in a near cache, enough to read each delta seldom.
constexpr int delta_rows = 8;

}  // namespace

CpuForward::CpuForward(const Model& model, ThreadPool& pool) : model_(model), pool_(pool), ops_(model.contents().isa) {
  attention_scratch_.resize(static_cast<std::size_t>(pool.threads()));
  const std::vector<float>& factors = model.contents().weights.rope_factors;
  for (int layer = 0; layer < config().layers; ++layer) {
    const RopeSpec& spec = config().spec(layer).rope;
    auto table = std::ranges::find(ropes_, spec, &RopeTable::spec);
    if (table == ropes_.end())
      table =
          ropes_.insert(table, {spec, rope_frequencies(spec, spec.factors ? factors : std::vector<float>()), {}, {}});
    rope_of_.push_back(static_cast<std::size_t>(table - ropes_.begin()));
  }
}

const ModelConfig& CpuForward::config() const {
  return model_.config();
}

int CpuForward::rows_of(std::span<const float> residual) const {
  return static_cast<int>(residual.size() / static_cast<std::size_t>(config().d));
}

Status CpuForward::load_float_down(int layer) {
  const Model::Contents& m = model_.contents();
  MOBIEDIT_TRY(auto loaded, mobiedit::load_float_down(m.file, m.config, layer, m.isa, m.rounding, pool_));
  float_down_ = std::move(loaded);
  float_down_layer_ = layer;
  return {};
}

void CpuForward::for_rows(int rows, const std::function<void(int)>& work) {
  // Pieces of several rows: a single row takes less time to compute than to hand out.
  const int a_piece = std::max(1, rows / (4 * pool_.threads()));
  pool_.run((rows + a_piece - 1) / a_piece, [&](int piece, int) {
    for (int row = piece * a_piece; row < std::min(rows, (piece + 1) * a_piece); ++row) work(row);
  });
}

void CpuForward::add_deltas(const ActiveDeltas* active, int layer, ActiveDeltas::Slot slot, const float* x, int rows,
                            int in, float* y, int out) {
  if (!active) return;
  if (const kernels::PackedWeight* sum = active->sum(layer, slot)) {
    sums_.resize(std::max(sums_.size(), product(rows, out)));
    summed_.set(sum->isa(), x, rows, in, static_cast<std::size_t>(in), kernels::ActivationKind::f32, false, pool_);
    kernels::linear(*sum, summed_, nullptr, sums_.data(), static_cast<std::size_t>(out), pool_);
    ops_.axpy(1.0f, {sums_.data(), product(rows, out)}, {y, product(rows, out)});
  }
  const auto deltas = active->apart(layer, slot);
  if (deltas.empty()) return;
  // Processes 8 rows per task: each delta is read once per task, and no barrier separates the deltas.
  const int pieces = (rows + delta_rows - 1) / delta_rows;
  pool_.run(pieces, [&](int piece, int) {
    const int begin = piece * delta_rows, end = std::min(rows, begin + delta_rows);
    for (const LowRankDelta* delta : deltas) {
      for (int row = begin; row < end; ++row) {
        const std::span<const float> input{x + product(row, in), static_cast<std::size_t>(in)};
        float* output = y + product(row, out);
        for (int r = 0; r < delta->rank; ++r) {
          const float h =
              delta->scale * ops_.dot({delta->a.data() + product(r, in), static_cast<std::size_t>(in)}, input);
          if (h == 0) continue;
          if (delta->rank == 1) {
            ops_.axpy(h, delta->b, {output, static_cast<std::size_t>(out)});
            continue;
          }
          for (int i = 0; i < out; ++i)
            output[i] += h * delta->b[product(i, delta->rank) + static_cast<std::size_t>(r)];
        }
      }
    }
  });
}

void CpuForward::count(const kernels::PackedWeight& weight, int rows) {
  (weight.kind() == kernels::WeightKind::f32 ? work_.floating : work_.integer) +=
      product(rows, weight.n()) * static_cast<std::uint64_t>(weight.k());
  if (weight.offsets() != nullptr) {
    work_.floating += product(rows, weight.n()) * static_cast<std::uint64_t>(weight.k() / kernels::group_size);
  }
}

void CpuForward::set_activations(const PassOptions& options, ReadBy by, float* x, int rows, int width,
                                 std::initializer_list<const kernels::PackedWeight*> weights,
                                 const std::function<void(int)>& fill) {
  using kernels::ActivationKind;
  ActivationKind kind = ActivationKind::f32;
  bool sums = false;
  for (const kernels::PackedWeight* weight : weights) {
    if (weight->kind() != kernels::WeightKind::f32) kind = kernels::activations_for(weight->kind());
    sums = sums || weight->offsets() != nullptr;
  }
  if (options.activations == Activations::int16 && kind == ActivationKind::int8_g32) kind = ActivationKind::int16_g32;

  const auto columns = static_cast<std::size_t>(width);
  const Rounding& rounding = model_.contents().rounding;
  const NumberFormat format =
      by.layer == rounding.edited_layer ? rounding.edited_activations : rounding.other_activations;
  const std::size_t place = product(by.layer, readers) + static_cast<std::size_t>(by.reader);
  const auto row_of = [&](int row) { return std::span<float>(x + static_cast<std::size_t>(row) * columns, columns); };
  if (format == NumberFormat::f32 && !options.ranges) {
    activations_.set(model_.contents().isa, x, rows, width, columns, kind, sums, pool_, fill);
  } else {
    activations_.set(model_.contents().isa, x, rows, width, columns, kind, sums, pool_, [&](int row) {
      if (fill) fill(row);
      round_to(format, row_of(row));
      if (options.ranges) round_to_range(options.ranges->largest[place], row_of(row));
    });
  }
  if (!options.measured_ranges) return;
  options.measured_ranges->largest.resize(product(config().layers, readers) + 1);
  float& largest = options.measured_ranges->largest[place];
  for (int row = 0; row < rows; ++row)
    for (const float value : row_of(row)) largest = std::max(largest, std::fabs(value));
}

void CpuForward::project(const PassOptions& options, int layer, std::initializer_list<Projection> projections) {
  kernels::Product products[kernels::most_products];
  std::size_t n = 0;
  for (const Projection& p : projections) {
    products[n++] = {p.weight, p.bias.empty() ? nullptr : p.bias.data(), p.y, static_cast<std::size_t>(p.weight->n())};
  }
  kernels::linear({products, n}, activations_, pool_);
  for (const Projection& p : projections) {
    count(*p.weight, activations_.m);
    add_deltas(options.deltas, layer, p.slot, activations_.x, activations_.m, p.weight->k(), p.y, p.weight->n());
  }
}

void CpuForward::add_waiting(const Waiting& waiting, int row, float* residual) {
  const auto d = static_cast<std::size_t>(config().d);
  const std::size_t at = static_cast<std::size_t>(row) * d;
  const std::span<float> out{out_.data() + at, d};
  if (!waiting.norm->empty()) ops_.rms_norm(out, *waiting.norm, config().norm_epsilon, out);
  ops_.axpy(waiting.scale, out, {residual + at, d});
}

void CpuForward::normalise_row(std::span<const float> norm, int row, const float* residual) {
  const auto d = static_cast<std::size_t>(config().d);
  const std::size_t at = static_cast<std::size_t>(row) * d;
  const std::span<float> normed{normed_.data() + at, d};
  if (norm.empty()) {
    std::copy_n(residual + at, d, normed.data());
  } else {
    ops_.rms_norm({residual + at, d}, norm, config().norm_epsilon, normed);
  }
}

void CpuForward::run_layers(LayerRange layers, std::span<float> states, std::span<const BatchSequence> sequences,
                            const PassOptions& options) {
  const auto [first, end] = layers;
  float* residual = states.data();
  const std::span<const int> wanted = options.outputs;
  const ModelConfig& c = config();
  const Weights& weights = model_.contents().weights;
  const auto d = static_cast<std::size_t>(c.d);
  prepare_rows(sequences);
  const int rows = static_cast<int>(rows_.size());
  if (rows == 0) return;
  work_.rows += product(rows, end - first);
  const auto total = static_cast<std::size_t>(rows);

  int widest = c.f;
  for (const LayerSpec& spec : c.specs) widest = std::max(widest, spec.experts.f);
  ensure(normed_, total * d);
  ensure(q_, product(rows, c.q_size()));
  ensure(k_, product(rows, c.kv_size()));
  ensure(v_, product(rows, c.kv_size()));
  ensure(attended_, product(rows, c.q_size()));
  ensure(gate_, product(rows, widest));
  ensure(up_, product(rows, widest));
  ensure(out_, total * d);

  if (options.injections && options.injections->layer == first - 1) inject_before(*options.injections, residual);

  Waiting waiting;
  const auto normed = [&](const std::vector<float>& norm) {
    return [&, before = waiting](int row) {
      if (before.any) add_waiting(before, row, residual);
      normalise_row(norm, row, residual);
    };
  };

  for (int layer = first; layer < end; ++layer) {
    const LayerWeights& w = weights.layers[static_cast<std::size_t>(layer)];
    const LayerSpec& spec = c.spec(layer);
    const Capture* capture = options.capture && options.capture->layer == layer ? options.capture : nullptr;
    const bool injecting = options.injections && options.injections->layer == layer;
    // In the last layer only the wanted rows go on: the others are needed for their K/V alone.
    const bool narrow = layer == end - 1 && !wanted.empty() && !capture && !injecting;

    set_activations(options, {layer, attention_input}, normed_.data(), rows, c.d, {&w.q, &w.k, &w.v},
                    normed(w.attn_norm));
    const Projection to_q{&w.q, w.q_bias, ActiveDeltas::q, q_.data()};
    const Projection to_k{&w.k, w.k_bias, ActiveDeltas::k, k_.data()};
    const Projection to_v{&w.v, w.v_bias, ActiveDeltas::v, v_.data()};
    if (narrow) {
      project(options, layer, {to_k, to_v});
    } else {
      project(options, layer, {to_q, to_k, to_v});
    }
    for_rows(rows, [&](int row) {
      rotate(layer, k_.data(), c.kv_heads, row, row, w.k_norm);
      store_keys_and_values(layer, row, sequences);
      put_frozen(layer, row, sequences);
      if (!narrow) rotate(layer, q_.data(), c.heads, row, row, w.q_norm);
    });

    const std::span<const int> query_rows = narrow ? wanted : std::span<const int>(all_rows_);
    const int m = static_cast<int>(query_rows.size());
    if (narrow) {
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto from = static_cast<std::size_t>(wanted[i]);
        std::memmove(normed_.data() + i * d, normed_.data() + from * d, d * sizeof(float));
        std::memmove(residual + i * d, residual + from * d, d * sizeof(float));
      }
      set_activations(options, {layer, attention_input}, normed_.data(), m, c.d, {&w.q});
      project(options, layer, {to_q});
      for_rows(
          m, [&](int row) { rotate(layer, q_.data(), c.heads, row, wanted[static_cast<std::size_t>(row)], w.q_norm); });
    }
    attend(layer, q_.data(), sequences, query_rows, attended_.data());
    set_activations(options, {layer, attention_output}, attended_.data(), m, c.q_size(), {&w.o});
    project(options, layer, {{&w.o, w.o_bias, ActiveDeltas::o, out_.data()}});

    waiting = {true, &w.attn_post_norm, spec.residual_scale};
    if (!feed_forward(options, layer, m, capture, normed(w.ffn_norm))) return;
    add_neurons(layer, sequences, query_rows, options);
    if (injecting) inject(*options.injections, out_.data());
    if (capture && capture->values) std::copy_n(out_.data(), product(m, c.d), capture->values);

    waiting = {true, &w.ffn_post_norm, spec.residual_scale};
    if (layer == end - 1) for_rows(m, [&](int row) { add_waiting(waiting, row, residual); });

    // All rows of the last layer were computed, for a capture or an injection: the wanted ones move now.
    if (layer == end - 1 && !wanted.empty() && !narrow)
      for (std::size_t i = 0; i < wanted.size(); ++i)
        std::memmove(residual + i * d, residual + static_cast<std::size_t>(wanted[i]) * d, d * sizeof(float));
  }
}

}  // namespace mobiedit
