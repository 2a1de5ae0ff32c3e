#include "edit/write/neuron_slots.h"

#include <algorithm>
#include <new>
#include <numeric>
#include <string>

namespace mobiedit {
namespace {

struct FeedForward {
  const gguf::TensorInfo* gate;  // [f, d]
  const gguf::TensorInfo* up;    // [f, d]
  const gguf::TensorInfo* down;  // [d, f]
};

Result<FeedForward> feed_forward_of(const gguf::File& file, int layer) {
  const std::string start = "blk." + std::to_string(layer) + ".";
  const FeedForward found{file.find_tensor(start + "ffn_gate.weight"), file.find_tensor(start + "ffn_up.weight"),
                          file.find_tensor(start + "ffn_down.weight")};
  if (!found.gate || !found.up || !found.down)
    return fail(ErrorCode::bad_model, "layer " + std::to_string(layer) + " has no gated feed-forward of its own",
                file.path().string());
  const bool fits = found.gate->columns() == found.down->rows() && found.gate->rows() == found.down->columns() &&
                    found.up->columns() == found.gate->columns() && found.up->rows() == found.gate->rows();
  if (!fits)
    return fail(ErrorCode::bad_model, "the feed-forward tensors of layer " + std::to_string(layer) + " do not fit",
                file.path().string());
  return found;
}

// Calls work(row number, row) for the tensor's rows in order, one row in memory at a time.
template <class Work>
void for_each_tensor_row(const gguf::File& file, const gguf::TensorInfo& tensor, const Work& work) {
  std::vector<float> row(tensor.columns());
  const std::size_t stride = gguf::row_bytes(tensor.type, row.size());
  for (std::uint64_t r = 0; r < tensor.rows(); ++r) {
    gguf::dequantize(tensor.type, file.data(tensor).subspan(r * stride, stride), row);
    work(static_cast<std::size_t>(r), std::span<const float>(row));
  }
  file.release_pages(tensor);
}

std::vector<float> slot_row(const gguf::File& file, const gguf::TensorInfo& tensor, std::size_t number) {
  std::vector<float> row(tensor.columns());
  const std::size_t stride = gguf::row_bytes(tensor.type, row.size());
  gguf::dequantize(tensor.type, file.data(tensor).subspan(number * stride, stride), row);
  return row;
}

// A change of the rows `slots` to `wanted`: b picks the rows [rows, rank], a holds the differences [rank, columns].
LowRankDelta slot_row_change(const gguf::File& file, const gguf::TensorInfo& tensor, std::span<const int> slots,
                             std::span<const Neuron> neurons, std::vector<float> Neuron::* wanted) {
  LowRankDelta delta{tensor.name, static_cast<int>(slots.size()), {}, {}, 1};
  delta.b.assign(tensor.rows() * slots.size(), 0.0f);
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const auto slot = static_cast<std::size_t>(slots[i]);
    const std::vector<float> row = slot_row(file, tensor, slot);
    const std::vector<float>& to = neurons[i].*wanted;
    std::ranges::transform(to, row, std::back_inserter(delta.a), [](float x, float y) { return x - y; });
    delta.b[slot * slots.size() + i] = 1.0f;
  }
  return delta;
}

}  // namespace

Result<std::vector<float>> neuron_use(const gguf::File& file, int layer, std::span<const float> activity) try {
  const auto tensors = feed_forward_of(file, layer);
  if (!tensors) return std::unexpected(tensors.error());
  if (activity.size() != tensors->down->columns())
    return fail(ErrorCode::bad_model,
                "layer " + std::to_string(layer) + " has " + std::to_string(tensors->down->columns()) +
                    " neurons; expected " + std::to_string(activity.size()),
                file.path().string());
  std::vector<float> use(activity.size(), 0.0f);
  for_each_tensor_row(file, *tensors->down, [&](std::size_t, std::span<const float> row) {
    for (std::size_t i = 0; i < row.size(); ++i) use[i] += row[i] * row[i];
  });
  for (std::size_t i = 0; i < use.size(); ++i) use[i] *= activity[i];
  return use;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to rank neurons");
}

Result<std::vector<int>> least_used(std::span<const float> use, int count, int group) {
  if (count < 0 || group < 1 || static_cast<std::size_t>(count) > use.size())
    return fail(ErrorCode::usage, "a layer of " + std::to_string(use.size()) + " neurons has no room for " +
                                      std::to_string(count) + " of an edit");
  const auto width = static_cast<std::size_t>(group);
  // Only whole groups count; neurons behind the last whole group are not offered.
  std::vector<float> of_group(use.size() / width, 0.0f);
  for (std::size_t i = 0; i < of_group.size() * width; ++i) of_group[i / width] += use[i];
  std::vector<int> order(of_group.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](int g) { return of_group[static_cast<std::size_t>(g)]; });
  const std::size_t groups = (static_cast<std::size_t>(count) + width - 1) / width;
  if (groups > order.size())
    return fail(ErrorCode::usage, "a layer of " + std::to_string(use.size()) + " neurons has no room for " +
                                      std::to_string(count) + " in groups of " + std::to_string(group));
  order.resize(groups);
  std::ranges::sort(order);
  std::vector<int> slots;
  for (const int g : order)
    for (int i = 0; i < group && static_cast<int>(slots.size()) < count; ++i) slots.push_back(g * group + i);
  return slots;
}

Result<std::vector<LowRankDelta>> slot_deltas(const gguf::File& file, int layer, std::span<const Neuron> neurons,
                                              std::span<const int> slots) try {
  const auto tensors = feed_forward_of(file, layer);
  if (!tensors) return std::unexpected(tensors.error());
  const auto d = static_cast<std::size_t>(tensors->gate->columns());
  const auto f = static_cast<std::size_t>(tensors->gate->rows());
  if (slots.size() != neurons.size()) return fail(ErrorCode::usage, "each neuron needs one slot");
  std::vector<bool> taken(f, false);
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const Neuron& neuron = neurons[i];
    if (neuron.layer != layer || neuron.gate.size() != d || neuron.up.size() != d || neuron.down.size() != d)
      return fail(ErrorCode::usage, "neuron " + std::to_string(i) + " does not fit layer " + std::to_string(layer));
    if (slots[i] < 0 || static_cast<std::size_t>(slots[i]) >= f || taken[static_cast<std::size_t>(slots[i])])
      return fail(ErrorCode::usage,
                  "slot " + std::to_string(slots[i]) + " is taken or not one of " + std::to_string(f) + " neurons");
    taken[static_cast<std::size_t>(slots[i])] = true;
  }

  std::vector<LowRankDelta> deltas;
  if (neurons.empty()) return deltas;
  deltas.push_back(slot_row_change(file, *tensors->gate, slots, neurons, &Neuron::gate));
  deltas.push_back(slot_row_change(file, *tensors->up, slots, neurons, &Neuron::up));
  // Columns of the down-projection change: a [rank, f] picks them, b [d, rank] holds the differences.
  const std::size_t rank = slots.size();
  LowRankDelta down{tensors->down->name, static_cast<int>(rank), std::vector<float>(rank * f, 0.0f),
                    std::vector<float>(d * rank), 1};
  for (std::size_t i = 0; i < rank; ++i) down.a[i * f + static_cast<std::size_t>(slots[i])] = 1.0f;
  for_each_tensor_row(file, *tensors->down, [&](std::size_t r, std::span<const float> row) {
    for (std::size_t i = 0; i < rank; ++i)
      down.b[r * rank + i] = neurons[i].down[r] - row[static_cast<std::size_t>(slots[i])];
  });
  deltas.push_back(std::move(down));
  return deltas;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the change of a feed-forward");
}

}  // namespace mobiedit
