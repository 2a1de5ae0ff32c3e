#include "backend/active_deltas.h"

#include <algorithm>
#include <limits>
#include <new>
#include <optional>
#include <string>

#include "base/try.h"
#include "model/tensor_id.h"

namespace mobiedit {
namespace {

std::size_t elements(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

std::optional<ActiveDeltas::Slot> slot_of(const TensorId& id) {
  if (id.bias) return {};
  switch (id.role) {
    case TensorRole::q:
      return ActiveDeltas::q;
    case TensorRole::k:
      return ActiveDeltas::k;
    case TensorRole::v:
      return ActiveDeltas::v;
    case TensorRole::o:
      return ActiveDeltas::o;
    case TensorRole::gate:
      return ActiveDeltas::gate;
    case TensorRole::up:
      return ActiveDeltas::up;
    case TensorRole::down:
      return ActiveDeltas::down;
    default:
      return {};
  }
}

/// Rows [first, first + count) of a delta's output, as a delta of its own.
LowRankDelta rows_of(const LowRankDelta& delta, int first, int count) {
  LowRankDelta part{delta.tensor, delta.rank, delta.a, {}, delta.scale};
  const auto begin = delta.b.begin() + static_cast<std::ptrdiff_t>(elements(first, delta.rank));
  part.b.assign(begin, begin + static_cast<std::ptrdiff_t>(elements(count, delta.rank)));
  return part;
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
  for (int layer = 0; layer < c.layers; ++layer) {
    const LayerSpec& spec = c.spec(layer);
    active.spellings_.push_back({spec.fused_qkv, spec.fused_gate_up, spec.experts.count > 0});
  }
  for (const LowRankDelta& delta : deltas) MOBIEDIT_CHECK(active.add(delta));
  return active;
}

Status ActiveDeltas::add(const LowRankDelta& delta) {
  const auto unknown = [&]() -> Status {
    return fail(ErrorCode::usage,
                "an adapter changes '" + delta.tensor + "', which this model doesn't have or which can't be changed",
                delta.tensor, "was it made for another model?");
  };
  const auto id = parse_tensor_name(delta.tensor);
  if (!id || id->layer >= layers_ || id->bias) return unknown();
  const Spelling& spelling = spellings_[static_cast<std::size_t>(id->layer)];
  // The slots whose outputs follow each other in the tensor's rows.
  std::vector<Slot> parts;
  if (spelling.fused_qkv && id->role == TensorRole::qkv) {
    parts = {q, k, v};
  } else if (spelling.fused_gate_up && id->role == TensorRole::up) {
    parts = {gate, up};
  } else if (const auto slot = slot_of(*id)) {
    const bool fused = (spelling.fused_qkv && *slot <= v) || (spelling.fused_gate_up && *slot == gate);
    if (!fused && !(spelling.mixture && *slot >= gate)) parts = {*slot};
  }
  if (parts.empty()) return unknown();
  const int in = sizes_[parts.front()].in;
  int out = 0;
  for (const Slot part : parts) out += sizes_[part].out;
  if (delta.rank < 1 || delta.a.size() != elements(delta.rank, in) || delta.b.size() != elements(out, delta.rank))
    return fail(ErrorCode::usage, "an adapter's '" + delta.tensor + "' has other sizes than the model's", delta.tensor,
                "was it made for another model?");
  const auto put = [&](Slot slot, const LowRankDelta* one) {
    places_[elements(id->layer, slots) + static_cast<std::size_t>(slot)].deltas.push_back(one);
  };
  if (parts.size() == 1) {
    put(parts.front(), &delta);
    return {};
  }
  int first = 0;
  for (const Slot part : parts) {
    owned_.push_back(std::make_shared<const LowRankDelta>(rows_of(delta, first, sizes_[part].out)));
    put(part, owned_.back().get());
    first += sizes_[part].out;
  }
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
