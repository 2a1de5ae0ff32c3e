#include "backend/cpu/footprint.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <system_error>

#include "backend/cpu/weights.h"
#include "gguf/codec/codec.h"
#include "io/available_memory.h"

namespace mobiedit {
namespace {

// A token or a merge: its text in the file's lists, a hash-table node, an entry of the merge table, the piece. Measured
// on vocabularies of 8,192 and 151,936 tokens.
constexpr std::uint64_t bytes_an_entry = 110;

std::uint64_t length_of(const gguf::File& file, std::string_view key) {
  const gguf::Entry* entry = file.find(key);
  if (entry == nullptr) return 0;
  const auto* list = std::get_if<std::vector<std::string>>(&entry->value);
  return list == nullptr ? 0 : list->size();
}

/// "blk.17.…" with 17 >= layers; a name from a file may hold any number, or none.
bool of_a_later_layer(std::string_view name, int layers) {
  constexpr std::string_view prefix = "blk.";
  if (!name.starts_with(prefix)) return false;
  int layer = 0;
  const auto end = std::from_chars(name.data() + prefix.size(), name.data() + name.size(), layer);
  return end.ec == std::errc::result_out_of_range || (end.ec == std::errc() && layer >= layers);
}

std::string mebibytes(std::uint64_t bytes) {
  return std::to_string((bytes + (std::uint64_t{1} << 20) - 1) >> 20) + " MiB";
}

}  // namespace

bool is_packed(const gguf::File& file, const ModelConfig& config, const gguf::TensorInfo& t) {
  if (t.name == "token_embd.weight") return file.find_tensor("output.weight") == nullptr;
  return !of_a_later_layer(t.name, config.layers);
}

Footprint footprint(const gguf::File& file, const ModelConfig& config, kernels::Isa isa, Precision precision,
                    int threads) {
  Footprint all;
  for (const gguf::TensorInfo& t : file.tensors()) {
    if (!is_packed(file, config, t)) continue;
    const auto rows = static_cast<int>(std::min<std::uint64_t>(t.rows(), 1u << 24));
    const auto columns = static_cast<int>(std::min<std::uint64_t>(t.columns(), 1u << 24));
    if (rows == 1) {
      all.weights += t.columns() * sizeof(float);
      continue;
    }
    const kernels::WeightKind kind = packed_kind(t.type, columns, precision);
    const bool offsets = kind != kernels::WeightKind::f32 && gguf::find_codec(t.type)->group_form.offsets;
    all.weights += kernels::PackedWeight::packed_bytes(isa, kind, rows, columns, offsets, packed_rest(t.type, kind));
  }
  all.vocabulary =
      bytes_an_entry * (length_of(file, "tokenizer.ggml.tokens") + length_of(file, "tokenizer.ggml.merges"));
  all.passing = packing_pages + static_cast<std::uint64_t>(threads) * (std::uint64_t{1} << 20);
  return all;
}

Status check_memory(std::uint64_t bytes, const std::string& what_for, const std::string& where) {
  const auto available = io::available_memory();
  if (!available || bytes <= *available) return {};
  return fail(
      ErrorCode::out_of_memory,
      what_for + " needs about " + mebibytes(bytes) + " of memory, and " + mebibytes(*available) + " can be had", where,
      "end other programs, or take a smaller or more coarsely quantised model");
}

}  // namespace mobiedit
