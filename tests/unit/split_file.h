// Split models for tests: the tensors of a whole file dealt out to pieces.
#pragma once

#include <cstdio>
#include <filesystem>
#include <string>

#include "mobiedit/gguf/writer.h"

namespace mobiedit::test {

/// A piece's keys; a test sets one of them wrongly.
struct PieceKeys {
  std::uint64_t number;
  std::uint64_t count;
  std::uint64_t tensors;
  bool present = true;
};

inline std::filesystem::path piece_path(const std::filesystem::path& stem, std::uint64_t number, std::uint64_t count) {
  char ending[32];
  std::snprintf(ending, sizeof ending, "-%05u-of-%05u.gguf", static_cast<unsigned>(number + 1),
                static_cast<unsigned>(count));
  return stem.string() + ending;
}

/// Writes tensors [first, last) of `whole`, with all its metadata in piece 0, as llama-gguf-split does.
inline Status write_piece(const std::filesystem::path& path, const gguf::File& whole, const PieceKeys& keys,
                          std::size_t first, std::size_t last) {
  gguf::Writer writer;
  if (keys.number == 0)
    for (const gguf::Entry& entry : whole.metadata()) writer.set(entry);
  if (keys.present) {
    writer.set({.key = "split.no", .type = gguf::ValueType::u16, .value = keys.number});
    writer.set({.key = "split.count", .type = gguf::ValueType::u16, .value = keys.count});
    writer.set(
        {.key = "split.tensors.count", .type = gguf::ValueType::i32, .value = static_cast<std::int64_t>(keys.tensors)});
  }
  for (std::size_t i = first; i < last; ++i) {
    const gguf::TensorInfo& tensor = whole.tensors()[i];
    writer.add_tensor(tensor.name, tensor.type, {tensor.shape.begin(), tensor.shape.begin() + tensor.dimensions},
                      [&whole, &tensor]() -> Result<std::span<const std::byte>> { return whole.data(tensor); });
  }
  return writer.write(path);
}

/// Writes all pieces; returns the path of the first.
inline Result<std::filesystem::path> write_split(const std::filesystem::path& stem, const gguf::File& whole,
                                                 std::uint64_t count) {
  const std::size_t tensors = whole.tensors().size();
  for (std::uint64_t i = 0; i < count; ++i) {
    const Status done = write_piece(piece_path(stem, i, count), whole, {i, count, tensors}, tensors * i / count,
                                    tensors * (i + 1) / count);
    if (!done) return std::unexpected(done.error());
  }
  return piece_path(stem, 0, count);
}

}  // namespace mobiedit::test
