#include "backend/cpu/cpu_forward.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "backend/cpu/contents.h"
#include "backend/cpu/rope.h"
#include "backend/cpu/round_to.h"
#include "kernels/vector_ops.h"

namespace mobiedit {
namespace {

std::size_t product(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

// Enough for the products to run well, little enough that rows that see less waste little.
constexpr std::size_t most_attention_rows = 32;
// Few enough for their inputs to stay in a near cache, enough to read each delta seldom.
constexpr int delta_rows = 8;

void ensure(std::vector<float>& v, std::size_t n) {
  if (v.size() < n) v.resize(n);
}

}  // namespace

CpuForward::CpuForward(const Model& model, ThreadPool& pool)
    : model_(model),
      pool_(pool),
      inverse_frequencies_(inverse_frequencies(model.config(), model.contents().weights.rope_factors)) {
  attention_scratch_.resize(static_cast<std::size_t>(pool.threads()));
}

const ModelConfig& CpuForward::config() const {
  return model_.config();
}

int CpuForward::rows_of(std::span<const float> residual) const {
  return static_cast<int>(residual.size() / static_cast<std::size_t>(config().d));
}

Status CpuForward::load_float_down(int layer) {
  const Model::Contents& m = model_.contents();
  auto loaded = mobiedit::load_float_down(m.file, m.config, layer, m.isa, m.rounding, pool_);
  if (!loaded) return std::unexpected(loaded.error());
  float_down_ = std::move(*loaded);
  float_down_layer_ = layer;
  return {};
}

void CpuForward::embed(std::span<const Token> tokens, std::span<float> residual) const {
  const auto& contents = model_.contents();
  const gguf::TensorInfo& table = *contents.weights.embedding;
  const auto d = static_cast<std::size_t>(contents.config.d);
  const std::size_t stride = gguf::row_bytes(table.type, d);
  const auto bytes = contents.file.data(table);
  for (std::size_t i = 0; i < tokens.size(); ++i)
    gguf::dequantize(table.type, bytes.subspan(static_cast<std::size_t>(tokens[i]) * stride, stride),
                     residual.subspan(i * d, d));
}

void CpuForward::prepare_rows(std::span<const BatchSequence> sequences) {
  rows_.clear();
  for (std::size_t s = 0; s < sequences.size(); ++s) {
    const int first = static_cast<int>(rows_.size());
    for (int r = 0; r < sequences[s].rows; ++r)
      rows_.push_back({static_cast<int>(s), sequences[s].prefix_length + r, first});
  }
  all_rows_.resize(rows_.size());
  for (std::size_t i = 0; i < rows_.size(); ++i) all_rows_[i] = static_cast<int>(i);

  const std::size_t half = inverse_frequencies_.size();
  const float magnitude = config().rope_magnitude;
  ensure(cos_, rows_.size() * half);
  ensure(sin_, rows_.size() * half);
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    // Rows of a batch mostly repeat the positions of the sequence before: copy rather than compute again.
    const std::size_t before =
        r >= static_cast<std::size_t>(sequences[static_cast<std::size_t>(rows_[r].sequence)].rows)
            ? r - static_cast<std::size_t>(sequences[static_cast<std::size_t>(rows_[r].sequence)].rows)
            : r;
    if (before != r && rows_[before].position == rows_[r].position) {
      std::copy_n(cos_.data() + before * half, half, cos_.data() + r * half);
      std::copy_n(sin_.data() + before * half, half, sin_.data() + r * half);
      continue;
    }
    for (std::size_t i = 0; i < half; ++i) {
      const double angle = rows_[r].position * inverse_frequencies_[i];
      cos_[r * half + i] = static_cast<float>(std::cos(angle)) * magnitude;
      sin_[r * half + i] = static_cast<float>(std::sin(angle)) * magnitude;
    }
  }
}

void CpuForward::for_rows(int rows, const std::function<void(int)>& work) {
  // A piece of one row would take as long to hand out as to do.
  const int a_piece = std::max(1, rows / (4 * pool_.threads()));
  pool_.run((rows + a_piece - 1) / a_piece, [&](int piece, int) {
    for (int row = piece * a_piece; row < std::min(rows, (piece + 1) * a_piece); ++row) work(row);
  });
}

void CpuForward::rotate(float* x, int heads, int row, std::span<const float> head_norm) const {
  const ModelConfig& c = config();
  const auto dim = static_cast<std::size_t>(c.head_dim);
  const std::size_t half = inverse_frequencies_.size();
  const float* cosines = cos_.data() + static_cast<std::size_t>(row) * half;
  const float* sines = sin_.data() + static_cast<std::size_t>(row) * half;
  for (int h = 0; h < heads; ++h) {
    float* head = x + (product(row, heads) + static_cast<std::size_t>(h)) * dim;
    if (!head_norm.empty()) kernels::rms_norm({head, dim}, head_norm, c.norm_epsilon, {head, dim});
    for (std::size_t i = 0; i < half; ++i) {
      float& a = c.rope_neox ? head[i] : head[2 * i];
      float& b = c.rope_neox ? head[i + half] : head[2 * i + 1];
      const float rotated = a * cosines[i] - b * sines[i];
      b = a * sines[i] + b * cosines[i];
      a = rotated;
    }
  }
}

void CpuForward::store_keys_and_values(int layer, int row, std::span<const BatchSequence> sequences) const {
  const Row& r = rows_[static_cast<std::size_t>(row)];
  KvCache* store = sequences[static_cast<std::size_t>(r.sequence)].store;
  if (!store || !store->holds(layer)) return;
  const auto width = static_cast<std::size_t>(config().kv_size());
  std::copy_n(k_.data() + static_cast<std::size_t>(row) * width, width, store->key(layer, r.position));
  std::copy_n(v_.data() + static_cast<std::size_t>(row) * width, width, store->value(layer, r.position));
}

void CpuForward::put_frozen(int layer, int row, std::span<const BatchSequence> sequences) {
  const Row& r = rows_[static_cast<std::size_t>(row)];
  const BatchSequence& sequence = sequences[static_cast<std::size_t>(r.sequence)];
  if (!sequence.frozen || !sequence.frozen->holds(layer)) return;
  if (r.position < sequence.frozen_first || r.position >= sequence.frozen_end) return;
  const auto width = static_cast<std::size_t>(config().kv_size());
  std::copy_n(sequence.frozen->key(layer, r.position), width, k_.data() + static_cast<std::size_t>(row) * width);
  std::copy_n(sequence.frozen->value(layer, r.position), width, v_.data() + static_cast<std::size_t>(row) * width);
}

void CpuForward::attend(int layer, const float* q, std::span<const BatchSequence> sequences,
                        std::span<const int> query_rows, float* out) {
  const ModelConfig& c = config();
  const auto dim = static_cast<std::size_t>(c.head_dim);
  const auto width = static_cast<std::size_t>(c.kv_size());
  const auto row_of = [&](std::size_t index) -> const Row& {
    return rows_[static_cast<std::size_t>(query_rows[index])];
  };
  lengths_.clear();
  tiles_.clear();
  for (std::size_t i = 0; i < query_rows.size(); ++i) {
    lengths_.push_back(row_of(i).position + 1);
    const bool goes_on = !tiles_.empty() && tiles_.back().count < most_attention_rows &&
                         row_of(tiles_.back().first).sequence == row_of(i).sequence;
    if (goes_on) {
      ++tiles_.back().count;
    } else {
      tiles_.push_back({i, 1});
    }
  }
  const int share = c.heads / c.kv_heads;
  pool_.run(static_cast<int>(tiles_.size()) * c.kv_heads, [&](int piece, int thread) {
    const auto kv_head = static_cast<std::size_t>(piece % c.kv_heads);
    const auto [first, count] = tiles_[static_cast<std::size_t>(piece / c.kv_heads)];
    const Row& row = row_of(first);
    const BatchSequence& sequence = sequences[static_cast<std::size_t>(row.sequence)];
    const std::size_t own = static_cast<std::size_t>(row.first_row) * width + kv_head * dim;
    kernels::KeysAndValues parts[2] = {{nullptr, nullptr, 0}, {k_.data() + own, v_.data() + own, sequence.rows}};
    if (sequence.prefix_length > 0) {
      parts[0] = {sequence.prefix->key(layer, 0) + kv_head * dim, sequence.prefix->value(layer, 0) + kv_head * dim,
                  sequence.prefix_length};
    }
    const std::size_t head = kv_head * static_cast<std::size_t>(share) * dim;
    const auto stride = static_cast<std::size_t>(c.q_size());
    kernels::attend(model_.contents().isa,
                    {.queries = q + first * stride + head,
                     .query_stride = stride,
                     .lengths = std::span(lengths_).subspan(first, count),
                     .heads = share,
                     .dim = c.head_dim,
                     .scale = 1.0f / std::sqrt(static_cast<float>(c.head_dim)),
                     .parts = parts,
                     .kv_stride = width,
                     .out = out + first * stride + head,
                     .out_stride = stride},
                    attention_scratch_[static_cast<std::size_t>(thread)]);
  });
}

void CpuForward::add_deltas(const ActiveDeltas* active, int layer, ActiveDeltas::Slot slot, const float* x, int rows,
                            int in, float* y, int out) {
  if (!active) return;
  if (const kernels::PackedWeight* sum = active->sum(layer, slot)) {
    sums_.resize(std::max(sums_.size(), product(rows, out)));
    summed_.set(sum->isa(), x, rows, in, static_cast<std::size_t>(in), kernels::ActivationKind::f32, false, pool_);
    kernels::linear(*sum, summed_, nullptr, sums_.data(), static_cast<std::size_t>(out), pool_);
    kernels::axpy(1.0f, {sums_.data(), product(rows, out)}, {y, product(rows, out)});
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
              delta->scale * kernels::dot({delta->a.data() + product(r, in), static_cast<std::size_t>(in)}, input);
          if (h == 0) continue;
          if (delta->rank == 1) {
            kernels::axpy(h, delta->b, {output, static_cast<std::size_t>(out)});
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

void CpuForward::run_layers(LayerRange layers, std::span<float> states, std::span<const BatchSequence> sequences,
                            const PassOptions& options) {
  const auto [first, end] = layers;
  float* residual = states.data();
  const std::span<const int> wanted = options.outputs;
  const Capture* capture = options.capture;
  const ModelConfig& c = config();
  const Weights& weights = model_.contents().weights;
  const auto d = static_cast<std::size_t>(c.d);
  prepare_rows(sequences);
  const int rows = static_cast<int>(rows_.size());
  if (rows == 0) return;
  work_.rows += product(rows, end - first);
  const auto total = static_cast<std::size_t>(rows);

  ensure(normed_, total * d);
  ensure(q_, product(rows, c.q_size()));
  ensure(k_, product(rows, c.kv_size()));
  ensure(v_, product(rows, c.kv_size()));
  ensure(attended_, product(rows, c.q_size()));
  ensure(gate_, product(rows, c.f));
  ensure(up_, product(rows, c.f));
  ensure(out_, total * d);

  // What a layer adds, out_, waits to be added until the rows are next read.
  bool waiting = false;
  const auto add = [&](int row) {
    const std::size_t at = static_cast<std::size_t>(row) * d;
    kernels::axpy(1.0f, {out_.data() + at, d}, {residual + at, d});
  };
  const auto normed = [&](const std::vector<float>& norm) {
    return [&, add_first = waiting](int row) {
      if (add_first) add(row);
      const std::size_t at = static_cast<std::size_t>(row) * d;
      kernels::rms_norm({residual + at, d}, norm, c.norm_epsilon, {normed_.data() + at, d});
    };
  };

  for (int layer = first; layer < end; ++layer) {
    const LayerWeights& w = weights.layers[static_cast<std::size_t>(layer)];
    const bool capturing = capture && capture->layer == layer;
    // In the last layer only the wanted rows go on: the others are needed for their K/V alone.
    const bool narrow = layer == end - 1 && !wanted.empty() && !capturing;

    set_activations(options, {layer, attention}, normed_.data(), rows, c.d, {&w.q, &w.k, &w.v}, normed(w.attn_norm));
    const Projection to_q{&w.q, w.q_bias, ActiveDeltas::q, q_.data()};
    const Projection to_k{&w.k, w.k_bias, ActiveDeltas::k, k_.data()};
    const Projection to_v{&w.v, w.v_bias, ActiveDeltas::v, v_.data()};
    if (narrow) {
      project(options, layer, {to_k, to_v});
    } else {
      project(options, layer, {to_q, to_k, to_v});
    }
    for_rows(rows, [&](int row) {
      rotate(k_.data(), c.kv_heads, row, w.k_norm);
      store_keys_and_values(layer, row, sequences);
      put_frozen(layer, row, sequences);
      if (!narrow) rotate(q_.data(), c.heads, row, w.q_norm);
    });

    const std::span<const int> query_rows = narrow ? wanted : std::span<const int>(all_rows_);
    const int m = static_cast<int>(query_rows.size());
    if (narrow) {
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto from = static_cast<std::size_t>(wanted[i]);
        std::memmove(normed_.data() + i * d, normed_.data() + from * d, d * sizeof(float));
        std::memmove(residual + i * d, residual + from * d, d * sizeof(float));
        const std::size_t half = inverse_frequencies_.size();
        std::memmove(cos_.data() + i * half, cos_.data() + from * half, half * sizeof(float));
        std::memmove(sin_.data() + i * half, sin_.data() + from * half, half * sizeof(float));
      }
      set_activations(options, {layer, attention}, normed_.data(), m, c.d, {&w.q});
      project(options, layer, {to_q});
      for_rows(m, [&](int row) { rotate(q_.data(), c.heads, row, w.q_norm); });
    }
    attend(layer, q_.data(), sequences, query_rows, attended_.data());
    set_activations(options, {layer, attention_output}, attended_.data(), m, c.q_size(), {&w.o});
    project(options, layer, {{&w.o, w.o_bias, ActiveDeltas::o, out_.data()}});
    waiting = true;

    set_activations(options, {layer, feed_forward}, normed_.data(), m, c.d, {&w.gate, &w.up}, normed(w.ffn_norm));
    project(options, layer,
            {{&w.gate, {}, ActiveDeltas::gate, gate_.data()}, {&w.up, {}, ActiveDeltas::up, up_.data()}});
    const kernels::PackedWeight& down_weight =
        layer == options.float_down_layer && layer == float_down_layer_ ? *float_down_ : w.down;
    set_activations(options, {layer, down}, gate_.data(), m, c.f, {&down_weight}, [&](int row) {
      const auto f = static_cast<std::size_t>(c.f);
      const std::span<float> g{gate_.data() + static_cast<std::size_t>(row) * f, f};
      kernels::silu_multiply(g, {up_.data() + static_cast<std::size_t>(row) * f, f}, g);
    });
    if (capturing && capture->keys) std::copy_n(gate_.data(), product(m, c.f), capture->keys);
    if (capturing && capture->stop_at_keys) return;
    project(options, layer, {{&down_weight, {}, ActiveDeltas::down, out_.data()}});
    if (capturing && capture->values) std::copy_n(out_.data(), product(m, c.d), capture->values);
    if (layer == end - 1) for_rows(m, add);

    // The caller asked for both a capture in the last layer and some rows: move them now.
    if (layer == end - 1 && !wanted.empty() && !narrow)
      for (std::size_t i = 0; i < wanted.size(); ++i)
        std::memmove(residual + i * d, residual + static_cast<std::size_t>(wanted[i]) * d, d * sizeof(float));
  }
}

void CpuForward::final_norm_row(const float* residual, int row, float* h) const {
  const auto d = static_cast<std::size_t>(config().d);
  const std::size_t at = static_cast<std::size_t>(row) * d;
  kernels::rms_norm({residual + at, d}, model_.contents().weights.output_norm, config().norm_epsilon, {h + at, d});
}

void CpuForward::final_norm(std::span<const float> residual, std::span<float> h) {
  for_rows(rows_of(residual), [&](int row) { final_norm_row(residual.data(), row, h.data()); });
}

void CpuForward::output_row(Token token, std::span<float> row) const {
  const OutputWeight& output = model_.contents().weights.output;
  output.slices[static_cast<std::size_t>(token / OutputWeight::slice_rows)].row(token % OutputWeight::slice_rows, row);
}

void CpuForward::read_output(const PassOptions& options, const float* residual, int rows) {
  const ModelConfig& c = config();
  const auto d = static_cast<std::size_t>(c.d);
  ensure(normed_, static_cast<std::size_t>(rows) * d);
  set_activations(options, output_reader(), normed_.data(), rows, c.d,
                  {&model_.contents().weights.output.slices.front()},
                  [&](int row) { final_norm_row(residual, row, normed_.data()); });
}

void CpuForward::logits(std::span<const float> residual, std::span<float> logits, const PassOptions& options) {
  const int rows = rows_of(residual);
  float* out = logits.data();
  read_output(options, residual.data(), rows);
  for (const kernels::PackedWeight& slice : model_.contents().weights.output.slices) {
    kernels::linear(slice, activations_, nullptr, out, static_cast<std::size_t>(config().vocab), pool_);
    count(slice, rows);
    out += slice.n();
  }
}

void CpuForward::logits_by_slice(std::span<const float> residual, const PassOptions& options, const LogitsFn& work) {
  const int rows = rows_of(residual);
  read_output(options, residual.data(), rows);
  int first = 0;
  for (const kernels::PackedWeight& slice : model_.contents().weights.output.slices) {
    const auto width = static_cast<std::size_t>(slice.n());
    ensure(slice_logits_, static_cast<std::size_t>(rows) * width);
    kernels::linear(slice, activations_, nullptr, slice_logits_.data(), width, pool_);
    count(slice, rows);
    pool_.run(rows, [&](int row, int) {
      work(row, first, {slice_logits_.data() + static_cast<std::size_t>(row) * width, width});
    });
    first += slice.n();
  }
}

}  // namespace mobiedit
