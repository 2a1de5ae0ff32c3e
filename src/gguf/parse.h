// From the bytes of a GGUF file to what they say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/gguf/file.h"

namespace mobiedit::gguf {

/// A header larger than this is refused, so that a hostile file cannot make us allocate without end: the largest
/// vocabularies in use take a tenth of it.
inline constexpr std::size_t header_limit = std::size_t{128} << 20;

struct Header {
  std::uint32_t version = 0;
  std::uint64_t alignment = 32;
  std::vector<Entry> entries;
  std::vector<TensorInfo> tensors;
};

/// Checks everything; see File. `name` is what errors call the file.
/// Errors: bad_model. May throw std::bad_alloc.
[[nodiscard]] Result<Header> parse(std::span<const std::byte> file, const std::string& name);

}  // namespace mobiedit::gguf
