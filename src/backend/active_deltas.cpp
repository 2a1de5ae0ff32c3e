#include "backend/active_deltas.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <new>
#include <optional>
#include <string>
#include <string_view>

namespace mobiedit {
namespace {

constexpr std::string_view slot_names[] = {"attn_q",   "attn_k", "attn_v",  "attn_output",
                                           "ffn_gate", "ffn_up", "ffn_down"};

std::size_t elements(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

/// Which of [layers, slots] "blk.N.NAME.weight" is.
std::optional<std::size_t> place_of(std::string_view tensor, int layers) {
  constexpr std::string_view head = "blk.", tail = ".weight";
  if (!tensor.starts_with(head) || !tensor.ends_with(tail) || tensor.size() < head.size() + tail.size()) return {};
  tensor.remove_prefix(head.size());
  tensor.remove_suffix(tail.size());
  int layer = -1;
  const auto [stop, error] = std::from_chars(tensor.data(), tensor.data() + tensor.size(), layer);
  const auto digits = static_cast<std::size_t>(stop - tensor.data());
  // Nothing else writes this number: no sign, no noughts in front.
  if (error != std::errc() || layer < 0 || layer >= layers || std::to_string(layer) != tensor.substr(0, digits))
    return {};
  tensor.remove_prefix(digits);
  if (!tensor.starts_with('.')) return {};
  tensor.remove_prefix(1);
  for (std::size_t slot = 0; slot < std::size(slot_names); ++slot)
    if (tensor == slot_names[slot]) return elements(layer, ActiveDeltas::slots) + slot;
  return {};
}

/// Σ scale B A, [out, in].
Result<kernels::PackedWeight> sum_of(std::span<const LowRankDelta* const> deltas, int rank, int in, int out,
                                     kernels::Isa isa, ThreadPool& pool) {
  const auto width = static_cast<std::size_t>(rank);
  std::vector<float> left(elements(out, rank)), sum(elements(out, in));
  std::size_t column = 0;
  for (const LowRankDelta* delta : deltas) {
    const auto r = static_cast<std::size_t>(delta->rank);
    for (std::size_t i = 0; i < static_cast<std::size_t>(out); ++i)
      for (std::size_t j = 0; j < r; ++j) left[i * width + column + j] = delta->scale * delta->b[i * r + j];
    column += r;
  }
  const auto right = kernels::PackedWeight::from_floats(
      isa, kernels::WeightKind::f32, in, rank,
      [&](int row, std::span<float> values) {
        std::size_t at = 0;
        for (const LowRankDelta* delta : deltas)
          for (int j = 0; j < delta->rank; ++j)
            values[at++] = delta->a[elements(j, in) + static_cast<std::size_t>(row)];
      },
      pool);
  if (!right) return std::unexpected(right.error());
  kernels::Activations activations;
  activations.set(isa, left.data(), out, rank, width, kernels::ActivationKind::f32, false, pool);
  kernels::linear(*right, activations, nullptr, sum.data(), static_cast<std::size_t>(in), pool);
  return kernels::PackedWeight::from_floats(
      isa, kernels::WeightKind::f32, out, in,
      [&](int row, std::span<float> values) {
        std::copy_n(sum.data() + elements(row, in), values.size(), values.data());
      },
      pool);
}

}  // namespace

Result<ActiveDeltas> ActiveDeltas::resolve(const ModelConfig& c, std::span<const LowRankDelta> deltas) {
  ActiveDeltas active;
  active.layers_ = c.layers;
  const Size sizes[slots] = {{c.d, c.q_size()}, {c.d, c.kv_size()}, {c.d, c.kv_size()}, {c.q_size(), c.d},
                             {c.d, c.f},        {c.d, c.f},         {c.f, c.d}};
  std::copy_n(sizes, std::size(sizes), active.sizes_);
  active.places_.resize(elements(c.layers, slots));
  for (const LowRankDelta& delta : deltas)
    if (auto added = active.add(delta); !added) return std::unexpected(added.error());
  return active;
}

Status ActiveDeltas::add(const LowRankDelta& delta) {
  const auto place = place_of(delta.tensor, layers_);
  if (!place)
    return fail(ErrorCode::usage,
                "an adapter changes '" + delta.tensor + "', which this model doesn't have or which can't be changed",
                delta.tensor, "was it made for another model?");
  const auto [in, out] = sizes_[*place % slots];
  if (delta.rank < 1 || delta.a.size() != elements(delta.rank, in) || delta.b.size() != elements(out, delta.rank))
    return fail(ErrorCode::usage, "an adapter's '" + delta.tensor + "' has other sizes than the model's", delta.tensor,
                "was it made for another model?");
  places_[*place].deltas.push_back(&delta);
  return {};
}

void ActiveDeltas::merge(kernels::Isa isa, ThreadPool& pool) {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    Place& place = places_[i];
    const auto [in, out] = sizes_[i % slots];
    std::size_t rank = 0;
    for (const LowRankDelta* delta : place.deltas) rank += static_cast<std::size_t>(delta->rank);
    if (rank * static_cast<std::size_t>(in + out) <= elements(in, out)) continue;
    if (rank > static_cast<std::size_t>(std::numeric_limits<int>::max())) continue;
    try {
      auto sum = sum_of(place.deltas, static_cast<int>(rank), in, out, isa, pool);
      if (!sum) continue;
      place.sum = std::make_shared<const kernels::PackedWeight>(std::move(*sum));
      place.merged = place.deltas.size();
    } catch (const std::bad_alloc&) {
      place.merged = 0;
      place.sum = nullptr;
    }
  }
}

const ActiveDeltas::Place& ActiveDeltas::place(int layer, Slot slot) const {
  return places_[elements(layer, slots) + static_cast<std::size_t>(slot)];
}

std::span<const LowRankDelta* const> ActiveDeltas::at(int layer, Slot slot) const {
  return place(layer, slot).deltas;
}

std::span<const LowRankDelta* const> ActiveDeltas::apart(int layer, Slot slot) const {
  const Place& p = place(layer, slot);
  return std::span(p.deltas).subspan(p.merged);
}

const kernels::PackedWeight* ActiveDeltas::sum(int layer, Slot slot) const {
  return place(layer, slot).sum.get();
}

}  // namespace mobiedit
