// Parser of GGUF files: from bytes to keys, values and tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gguf/limits.h"
#include "mobiedit/base/result.h"
#include "mobiedit/gguf/file.h"

namespace mobiedit::gguf {

struct Header {
  std::uint32_t version = 0;
  std::uint64_t alignment = default_alignment;
  std::vector<Entry> entries;
  std::vector<TensorInfo> tensors;
};

/// Parses and checks a whole file; see File. `name` is what errors call the file.
/// Errors: bad_model. May throw std::bad_alloc.
[[nodiscard]] Result<Header> parse(std::span<const std::byte> file, const std::string& name,
                                   TypesAllowed types = TypesAllowed::read_here);

class Cursor;

/// Reads `count` keys, and the alignment among them. On failure the cursor has the error.
bool parse_metadata(Cursor& cursor, std::uint64_t count, Header& header);

/// Reads `count` tensors behind the metadata, and turns their offsets into those from the start of the file. On failure
/// the cursor has the error.
bool parse_tensors(Cursor& cursor, std::uint64_t count, TypesAllowed allowed, Header& header);

}  // namespace mobiedit::gguf
