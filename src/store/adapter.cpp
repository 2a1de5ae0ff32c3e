#include "mobiedit/store/adapter.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <new>
#include <utility>

#include "base/fingerprint.h"
#include "base/try.h"
#include "mobiedit/gguf/types.h"
#include "mobiedit/gguf/writer.h"
#include "mobiedit/store/errors.h"
#include "store/foreign_adapter.h"
#include "store/provenance.h"

namespace mobiedit {
namespace {

constexpr int smallest_rank = 8;
// Far above any adapter in use (64 is large), far below an overflow of the arithmetic here.
constexpr std::uint64_t largest_rank = 65'536;

constexpr std::string_view suffix_a = ".lora_a";
constexpr std::string_view suffix_b = ".lora_b";

Result<std::vector<float>> floats_of(const gguf::File& file, const gguf::TensorInfo& tensor) {
  std::vector<float> values(tensor.columns() * tensor.rows());
  gguf::dequantize(tensor.type, file.data(tensor), values);
  if (!std::ranges::all_of(values, [](float x) { return std::isfinite(x); })) {
    return fail(adapter_errors::values, "tensor " + tensor.name + " holds values that are not finite",
                file.path().string());
  }
  return values;
}

std::unexpected<Error> bad_adapter(ErrorId id, const gguf::File& file, std::string what, std::string hint = {}) {
  return fail(id, std::move(what), file.path().string(), std::move(hint));
}

bool is_matrix(const gguf::TensorInfo& tensor) {
  return tensor.shape[2] == 1 && tensor.shape[3] == 1;
}

std::string shape_text(std::uint64_t columns, std::uint64_t rows) {
  return "[" + std::to_string(columns) + ", " + std::to_string(rows) + "]";
}

Result<LowRankDelta> read_pair(const gguf::File& file, const gguf::TensorInfo& a, const gguf::TensorInfo& b,
                               double alpha) {
  const std::uint64_t rank = a.rows();
  if (!is_matrix(a) || !is_matrix(b) || b.columns() != rank || rank == 0 || rank > largest_rank) {
    return bad_adapter(adapter_errors::shape, file,
                       a.name + " " + shape_text(a.columns(), a.rows()) + " and " + b.name + " " +
                           shape_text(b.columns(), b.rows()) + " are no low-rank pair");
  }
  LowRankDelta delta;
  delta.tensor = a.name.substr(0, a.name.size() - suffix_a.size());
  delta.rank = static_cast<int>(rank);
  // llama.cpp takes an alpha of zero for "no scaling".
  delta.scale = alpha == 0 ? 1.0f : static_cast<float>(alpha / static_cast<double>(rank));
  MOBIEDIT_TRY(auto values_a, floats_of(file, a));
  MOBIEDIT_TRY(auto values_b, floats_of(file, b));
  delta.a = std::move(values_a);
  delta.b = std::move(values_b);
  return delta;
}

/// Keys of the adapter file. `alpha` is separate, since it is part of the deltas' scale.
Result<Adapter> read_head(const gguf::File& file, double& alpha_out) {
  MOBIEDIT_TRY(const auto type, file.string("general.type"));
  if (type.value_or("") != "adapter") {
    const auto of = file.string("general.architecture");
    if (of && of->value_or("") == "controlvector")
      return bad_adapter(adapter_errors::kind, file, "is a control vector; expected a LoRA adapter",
                         "control vectors are not supported");
    return bad_adapter(adapter_errors::kind, file, "is a GGUF file but not an adapter",
                       "it is a whole model: open it as a model");
  }
  MOBIEDIT_TRY(const auto kind, file.string("adapter.type"));
  if (kind.value_or("") != "lora") {
    return bad_adapter(adapter_errors::kind, file, "adapter.type is \"" + kind.value_or("") + "\", not \"lora\"");
  }
  if (file.find("adapter.alora.invocation_tokens") != nullptr) {
    return bad_adapter(adapter_errors::kind, file,
                       "an activated LoRA, which starts at certain tokens, is not supported");
  }
  MOBIEDIT_TRY(const auto architecture, file.string("general.architecture"));
  if (!architecture) return bad_adapter(adapter_errors::kind, file, "general.architecture is missing");
  MOBIEDIT_TRY(const auto name, file.string("general.name"));
  MOBIEDIT_TRY(const auto alpha, file.number("adapter.lora.alpha"));
  // llama.cpp reads a missing alpha as 0, and scales by 1 then.
  const double given = alpha.value_or(0);
  if (!std::isfinite(given) || std::abs(given) > 1e6)
    return bad_adapter(adapter_errors::alpha, file,
                       "adapter.lora.alpha is " + std::to_string(given) + "; expected at most 1e6 either way");

  Adapter adapter;
  adapter.architecture = *architecture;
  adapter.name = name.value_or("");
  alpha_out = given;
  return adapter;
}

Result<Adapter> read(const std::filesystem::path& path) {
  const auto opened = gguf::File::open(path);
  if (!opened) {
    if (auto foreign = foreign_adapter(path)) return std::unexpected(std::move(*foreign));
    return std::unexpected(opened.error());
  }
  const gguf::File& file = *opened;

  double alpha = 0;
  MOBIEDIT_TRY(auto head, read_head(file, alpha));
  Adapter adapter = std::move(head);
  std::size_t used = 0;
  for (const gguf::TensorInfo& a : file.tensors()) {
    if (!a.name.ends_with(suffix_a) || a.name.size() == suffix_a.size()) continue;
    const std::string base = a.name.substr(0, a.name.size() - suffix_a.size());
    const gguf::TensorInfo* b = file.find_tensor(base + std::string(suffix_b));
    if (b == nullptr)
      return bad_adapter(adapter_errors::pair, file, "tensor " + a.name + " has no " + base + std::string(suffix_b));
    MOBIEDIT_TRY(auto delta, read_pair(file, a, *b, alpha));
    adapter.deltas.push_back(std::move(delta));
    used += 2;
  }
  if (used != file.tensors().size()) {
    for (const gguf::TensorInfo& tensor : file.tensors()) {
      const bool is_b = tensor.name.ends_with(suffix_b);
      const std::string base = is_b ? tensor.name.substr(0, tensor.name.size() - suffix_b.size()) : tensor.name;
      if (tensor.name.ends_with(suffix_a) && !is_b) continue;
      if (is_b && file.find_tensor(base + std::string(suffix_a)) != nullptr) continue;
      return bad_adapter(adapter_errors::pair, file,
                         "tensor " + tensor.name + " is not part of a pair of lora_a and lora_b");
    }
  }
  if (adapter.deltas.empty()) return bad_adapter(adapter_errors::empty, file, "holds no lora_a and lora_b tensors");

  MOBIEDIT_TRY(auto provenance, get_provenance(file));
  adapter.provenance = std::move(provenance);
  return adapter;
}

std::vector<const RankOneUpdate*> places_of(std::span<const RankOneUpdate> updates) {
  std::vector<const RankOneUpdate*> places;
  places.reserve(updates.size());
  for (const RankOneUpdate& update : updates) places.push_back(&update);
  return places;
}

/// Writes the left vectors as the columns of b [out, rank].
void put_columns(std::vector<float>& b, std::size_t rank, std::span<const RankOneUpdate* const> updates) {
  // Copies as many columns at once as fill a cache line. With thousands of columns, one at a time would load each line
  // once per value.
  constexpr std::size_t tile = 16;
  const std::size_t out = b.size() / rank;
  for (std::size_t first = 0; first < updates.size(); first += tile) {
    const std::size_t end = std::min(first + tile, updates.size());
    for (std::size_t i = 0; i < out; ++i) {
      for (std::size_t r = first; r < end; ++r) b[i * rank + r] = updates[r]->left[i];
    }
  }
}

Result<std::vector<LowRankDelta>> stack(std::span<const RankOneUpdate* const> updates) {
  if (updates.empty()) return fail(ErrorCode::usage, "there is no update to write");
  std::map<int, std::vector<const RankOneUpdate*>> blocks;
  std::size_t rank = smallest_rank;
  for (const RankOneUpdate* given : updates) {
    const RankOneUpdate& update = *given;
    if (update.block < 0 || update.left.empty() || update.right.empty()) {
      return fail(ErrorCode::usage, "an update without a layer or without values");
    }
    auto& same = blocks[update.block];
    if (!same.empty() && (same[0]->left.size() != update.left.size() || same[0]->right.size() != update.right.size())) {
      return fail(ErrorCode::usage, "updates of one layer with different sizes", edited_tensor(update.block));
    }
    same.push_back(&update);
    rank = std::max(rank, same.size());
  }
  if (rank > largest_rank) return fail(ErrorCode::usage, "more updates of one layer than an adapter can hold");

  std::vector<LowRankDelta> deltas;
  for (const auto& [block, same] : blocks) {
    const std::size_t in = same[0]->right.size();
    const std::size_t out = same[0]->left.size();
    LowRankDelta delta{edited_tensor(block), static_cast<int>(rank), std::vector<float>(rank * in),
                       std::vector<float>(out * rank), 1.0f};
    for (std::size_t r = 0; r < same.size(); ++r) {
      std::ranges::copy(same[r]->right, delta.a.begin() + static_cast<std::ptrdiff_t>(r * in));
    }
    put_columns(delta.b, rank, same);
    deltas.push_back(std::move(delta));
  }
  return deltas;
}

Result<std::vector<LowRankDelta>> join(std::span<const LowRankDelta> given) {
  if (given.empty()) return fail(ErrorCode::usage, "there is no update to write");
  std::vector<std::vector<const LowRankDelta*>> tensors;
  std::map<std::string, std::size_t> places;
  std::map<std::string, std::size_t> ranks;
  std::size_t rank = smallest_rank;
  const auto sizes = [](const LowRankDelta& delta) {
    const auto own = static_cast<std::size_t>(delta.rank);
    return std::pair(delta.a.size() / own, delta.b.size() / own);
  };
  for (const LowRankDelta& delta : given) {
    if (delta.rank < 1 || delta.scale != 1.0f)
      return fail(ErrorCode::usage, "a delta without a rank, or with a scale", delta.tensor);
    const auto [place, added] = places.try_emplace(delta.tensor, tensors.size());
    if (added) tensors.emplace_back();
    auto& same = tensors[place->second];
    if (!same.empty() && sizes(*same[0]) != sizes(delta))
      return fail(ErrorCode::usage, "deltas of one tensor with different sizes", delta.tensor);
    same.push_back(&delta);
    rank = std::max(rank, ranks[delta.tensor] += static_cast<std::size_t>(delta.rank));
  }
  if (rank > largest_rank) return fail(ErrorCode::usage, "more updates of one tensor than an adapter can hold");
  std::vector<LowRankDelta> joined;
  for (const auto& same : tensors) {
    const auto [in, out] = sizes(*same[0]);
    LowRankDelta delta{same[0]->tensor, static_cast<int>(rank), std::vector<float>(rank * in),
                       std::vector<float>(out * rank), 1.0f};
    std::size_t first = 0;
    for (const LowRankDelta* part : same) {
      const auto own = static_cast<std::size_t>(part->rank);
      std::ranges::copy(part->a, delta.a.begin() + static_cast<std::ptrdiff_t>(first * in));
      for (std::size_t i = 0; i < out; ++i) std::copy_n(&part->b[i * own], own, &delta.b[i * rank + first]);
      first += own;
    }
    joined.push_back(std::move(delta));
  }
  return joined;
}

/// Checks that one alpha serves all deltas, and that sizes and values of each are sound.
bool can_be_written(std::span<const LowRankDelta> deltas) {
  return !deltas.empty() && std::ranges::all_of(deltas, [&](const LowRankDelta& delta) {
    const auto rank = static_cast<std::size_t>(delta.rank);
    return delta.scale == 1.0f && delta.rank > 0 && delta.rank == deltas[0].rank && !delta.a.empty() &&
           !delta.b.empty() && delta.a.size() % rank == 0 && delta.b.size() % rank == 0;
  });
}

std::map<std::string, std::string> hashes_of(const Adapter& adapter) {
  std::map<std::string, std::string> hashes;
  for (const LowRankDelta& delta : adapter.deltas) {
    hashes[delta.tensor + std::string(suffix_a)] = fingerprint(std::as_bytes(std::span(delta.a)));
    hashes[delta.tensor + std::string(suffix_b)] = fingerprint(std::as_bytes(std::span(delta.b)));
  }
  return hashes;
}

Status write(const std::filesystem::path& path, const Adapter& adapter) {
  if (!can_be_written(adapter.deltas)) {
    return fail(ErrorCode::usage, "an adapter without deltas, or with deltas of several ranks or scales");
  }
  gguf::Writer writer;
  writer.set_string("general.architecture", adapter.architecture);
  writer.set_string("general.type", "adapter");
  if (!adapter.name.empty()) writer.set_string("general.name", adapter.name);
  writer.set_string("adapter.type", "lora");
  writer.set_f32("adapter.lora.alpha", static_cast<float>(adapter.deltas[0].rank));
  set_provenance(writer, adapter.provenance);

  const auto add = [&](const LowRankDelta& delta, std::string_view suffix, const std::vector<float>& values,
                       std::uint64_t columns, std::uint64_t rows) {
    const auto bytes = std::as_bytes(std::span(values));
    writer.add_tensor(delta.tensor + std::string(suffix), gguf::TensorType::f32, {columns, rows},
                      [bytes]() -> Result<std::span<const std::byte>> { return bytes; });
  };
  for (const LowRankDelta& delta : adapter.deltas) {
    const auto rank = static_cast<std::uint64_t>(delta.rank);
    add(delta, suffix_a, delta.a, delta.a.size() / rank, rank);
    add(delta, suffix_b, delta.b, rank, delta.b.size() / rank);
  }
  set_hashes(writer, hashes_of(adapter));
  return writer.write(path);
}

bool same_values(const gguf::File& file, const std::string& name, std::uint64_t columns, std::uint64_t rows,
                 std::span<const float> values) {
  const gguf::TensorInfo* tensor = file.find_tensor(name);
  return tensor != nullptr && tensor->type == gguf::TensorType::f32 && is_matrix(*tensor) &&
         tensor->columns() == columns && tensor->rows() == rows &&
         std::memcmp(file.data(*tensor).data(), values.data(), values.size_bytes()) == 0;
}

Result<bool> holds(const std::filesystem::path& path, const Adapter& adapter) {
  MOBIEDIT_TRY(const auto file, gguf::File::open(path));
  double alpha = 0;
  MOBIEDIT_TRY(const auto head, read_head(file, alpha));
  if (head.architecture != adapter.architecture || head.name != adapter.name) return false;
  if (file.tensors().size() != 2 * adapter.deltas.size()) return false;
  MOBIEDIT_TRY(const auto provenance, get_provenance(file));
  MOBIEDIT_TRY(const auto hashes, get_hashes(file));
  if (provenance != adapter.provenance || hashes != hashes_of(adapter)) return false;
  return std::ranges::all_of(adapter.deltas, [&](const LowRankDelta& delta) {
    const auto rank = static_cast<std::uint64_t>(delta.rank);
    return alpha == static_cast<double>(delta.rank) && delta.scale == 1.0f &&
           same_values(file, delta.tensor + std::string(suffix_a), delta.a.size() / rank, rank, delta.a) &&
           same_values(file, delta.tensor + std::string(suffix_b), rank, delta.b.size() / rank, delta.b);
  });
}

}  // namespace

Result<std::vector<LowRankDelta>> stack_updates(std::span<const RankOneUpdate> updates) try {
  return stack(places_of(updates));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to stack the updates");
}

Result<std::vector<LowRankDelta>> stack_updates(std::span<const RankOneUpdate* const> updates) try {
  return stack(updates);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to stack the updates");
}

Result<std::vector<LowRankDelta>> join_deltas(std::span<const LowRankDelta> deltas) try {
  return join(deltas);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to join the updates");
}

Status write_adapter(const std::filesystem::path& path, const std::string& architecture, const std::string& name,
                     std::span<const RankOneUpdate> updates, const Provenance& provenance) try {
  MOBIEDIT_TRY(auto deltas, stack(places_of(updates)));
  return write(path, {architecture, name, std::move(deltas), provenance});
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to write the adapter", path.string());
}

Status write_adapter(const std::filesystem::path& path, const Adapter& adapter) try {
  return write(path, adapter);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to write the adapter", path.string());
}

Result<Adapter> read_adapter(const std::filesystem::path& path) try {
  return read(path);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to read the adapter", path.string());
}

Result<bool> holds_adapter(const std::filesystem::path& path, const Adapter& adapter) try {
  return holds(path, adapter);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to read the adapter", path.string());
}

Status check_adapter(const Adapter& adapter, const gguf::File& base, const std::string& where) {
  MOBIEDIT_TRY(const auto architecture, base.string("general.architecture"));
  if (architecture.value_or("") != adapter.architecture) {
    return fail(adapter_errors::base,
                "the adapter is for architecture \"" + adapter.architecture + "\", the model's is \"" +
                    architecture.value_or("") + "\"",
                where);
  }
  for (const LowRankDelta& delta : adapter.deltas) {
    const gguf::TensorInfo* tensor = base.find_tensor(delta.tensor);
    if (tensor == nullptr) {
      return fail(adapter_errors::base, "the model has no tensor " + delta.tensor + " that the adapter changes", where);
    }
    const std::uint64_t columns = delta.a.size() / static_cast<std::uint64_t>(delta.rank);
    const std::uint64_t rows = delta.b.size() / static_cast<std::uint64_t>(delta.rank);
    if (!is_matrix(*tensor) || tensor->columns() != columns || tensor->rows() != rows) {
      return fail(adapter_errors::base,
                  "the adapter changes " + delta.tensor + " of shape " + shape_text(columns, rows) +
                      ", the model's has shape " + shape_text(tensor->columns(), tensor->rows()),
                  where, "it was made for another model");
    }
  }
  return {};
}

}  // namespace mobiedit
