// From the bytes of a GGUF file to what they say.
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

/// Checks everything; see File. `name` is what errors call the file.
/// Errors: bad_model. May throw std::bad_alloc.
[[nodiscard]] Result<Header> parse(std::span<const std::byte> file, const std::string& name,
                                   TypesAllowed types = TypesAllowed::read_here);

}  // namespace mobiedit::gguf
