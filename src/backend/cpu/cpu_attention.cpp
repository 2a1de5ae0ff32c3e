// Attention of the forward pass: rotary positions, K/V, scores.
#include <algorithm>
#include <cmath>

#include "backend/cpu/contents.h"
#include "backend/cpu/cpu_forward.h"
#include "backend/cpu/scratch.h"

namespace mobiedit {
namespace {

// Rows of a tile: enough for the products to run well, few enough that rows with few positions waste little.
constexpr std::size_t most_attention_rows = 32;

}  // namespace

void CpuForward::prepare_rows(std::span<const BatchSequence> sequences) {
  lay_out_rows(sequences, rows_, all_rows_);

  for (RopeTable& rope : ropes_) {
    const std::size_t half = rope.frequencies.size();
    ensure(rope.cosines, rows_.size() * half);
    ensure(rope.sines, rows_.size() * half);
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      // Rows of a batch mostly repeat the positions of the sequence before: a copy costs less than computing again.
      const auto own = static_cast<std::size_t>(sequences[static_cast<std::size_t>(rows_[r].sequence)].rows);
      const std::size_t before = r >= own ? r - own : r;
      if (before != r && rows_[before].position == rows_[r].position) {
        std::copy_n(rope.cosines.data() + before * half, half, rope.cosines.data() + r * half);
        std::copy_n(rope.sines.data() + before * half, half, rope.sines.data() + r * half);
        continue;
      }
      for (std::size_t i = 0; i < half; ++i) {
        const double angle = rows_[r].position * rope.frequencies[i];
        rope.cosines[r * half + i] = static_cast<float>(std::cos(angle)) * rope.spec.magnitude;
        rope.sines[r * half + i] = static_cast<float>(std::sin(angle)) * rope.spec.magnitude;
      }
    }
  }
}

void CpuForward::rotate(int layer, float* x, int heads, int row, int batch_row, std::span<const float> norm) const {
  const ModelConfig& c = config();
  const LayerSpec& spec = c.spec(layer);
  const RopeTable& rope = ropes_[rope_of_[static_cast<std::size_t>(layer)]];
  const auto dim = static_cast<std::size_t>(c.head_dim);
  const std::size_t half = rope.frequencies.size();
  const float* cosines = rope.cosines.data() + static_cast<std::size_t>(batch_row) * half;
  const float* sines = rope.sines.data() + static_cast<std::size_t>(batch_row) * half;
  float* first = x + product(row, heads) * dim;
  if (spec.head_norm == HeadNorm::whole_row) {
    const std::span<float> whole{first, static_cast<std::size_t>(heads) * dim};
    ops_.rms_norm(whole, norm, c.norm_epsilon, whole);
  }
  const bool halves = rope.spec.pairs == RopePairs::halves;
  for (int h = 0; h < heads; ++h) {
    float* head = first + static_cast<std::size_t>(h) * dim;
    if (spec.head_norm == HeadNorm::each_head) ops_.rms_norm({head, dim}, norm, c.norm_epsilon, {head, dim});
    if (rope.spec.pairs == RopePairs::none) continue;
    for (std::size_t i = 0; i < half; ++i) {
      float& a = halves ? head[i] : head[2 * i];
      float& b = halves ? head[i + half] : head[2 * i + 1];
      const float rotated = a * cosines[i] - b * sines[i];
      b = a * sines[i] + b * cosines[i];
      a = rotated;
    }
  }
}

void CpuForward::store_keys_and_values(int layer, int row, std::span<const BatchSequence> sequences) const {
  const BatchRow& r = rows_[static_cast<std::size_t>(row)];
  KvCache* store = sequences[static_cast<std::size_t>(r.sequence)].store;
  if (!store || !store->holds(layer)) return;
  const auto width = static_cast<std::size_t>(config().kv_size());
  std::copy_n(k_.data() + static_cast<std::size_t>(row) * width, width, store->key(layer, r.position));
  std::copy_n(v_.data() + static_cast<std::size_t>(row) * width, width, store->value(layer, r.position));
}

void CpuForward::put_frozen(int layer, int row, std::span<const BatchSequence> sequences) {
  const BatchRow& r = rows_[static_cast<std::size_t>(row)];
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
  const LayerSpec& spec = c.spec(layer);
  const std::vector<float>& sinks = model_.contents().weights.layers[static_cast<std::size_t>(layer)].sinks;
  const auto dim = static_cast<std::size_t>(c.head_dim);
  const auto width = static_cast<std::size_t>(c.kv_size());
  const auto row_of = [&](std::size_t index) -> const BatchRow& {
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
  // With too few key heads for the threads, a row alone is cut by query heads too; other tiles would pack twice.
  const int cuts = query_rows.size() == 1 ? std::clamp(pool_.threads() / c.kv_heads, 1, share) : 1;
  pool_.run(static_cast<int>(tiles_.size()) * c.kv_heads * cuts, [&](int piece, int thread) {
    const int from = piece % cuts * share / cuts, end = (piece % cuts + 1) * share / cuts;
    const auto kv_head = static_cast<std::size_t>(piece / cuts % c.kv_heads);
    const auto [first, count] = tiles_[static_cast<std::size_t>(piece / cuts / c.kv_heads)];
    const BatchRow& row = row_of(first);
    const BatchSequence& sequence = sequences[static_cast<std::size_t>(row.sequence)];
    const std::size_t own = static_cast<std::size_t>(row.first_row) * width + kv_head * dim;
    kernels::KeysAndValues parts[2] = {{nullptr, nullptr, 0}, {k_.data() + own, v_.data() + own, sequence.rows}};
    if (sequence.prefix_length > 0) {
      parts[0] = {sequence.prefix->key(layer, 0) + kv_head * dim, sequence.prefix->value(layer, 0) + kv_head * dim,
                  sequence.prefix_length};
    }
    const std::size_t first_head = kv_head * static_cast<std::size_t>(share) + static_cast<std::size_t>(from);
    const std::size_t head = first_head * dim;
    const auto stride = static_cast<std::size_t>(c.q_size());
    kernels::attend(model_.contents().isa,
                    {.queries = q + first * stride + head,
                     .query_stride = stride,
                     .lengths = std::span(lengths_).subspan(first, count),
                     .heads = end - from,
                     .dim = c.head_dim,
                     .scale = spec.attention_scale,
                     .cap = spec.attention_cap,
                     .window = spec.window,
                     .sinks = spec.sinks ? sinks.data() + first_head : nullptr,
                     .parts = parts,
                     .kv_stride = width,
                     .out = out + first * stride + head,
                     .out_stride = stride},
                    attention_scratch_[static_cast<std::size_t>(thread)]);
  });
}

}  // namespace mobiedit
