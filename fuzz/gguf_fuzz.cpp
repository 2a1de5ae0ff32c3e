// libFuzzer entry for the GGUF parser: fuzz/run gguf
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "gguf/parse.h"
#include "mobiedit/gguf/types.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mobiedit::gguf;
  const auto file = std::as_bytes(std::span(data, size));
  const auto header = parse(file, "fuzz");
  if (!header) {
    if (header.error().message().empty()) std::abort();
    return 0;
  }
  for (const TensorInfo& tensor : header->tensors) {
    if (tensor.offset > size || tensor.bytes > size - tensor.offset) std::abort();
    std::vector<float> values(static_cast<std::size_t>(tensor.columns() * tensor.rows()));
    dequantize(tensor.type,
               file.subspan(static_cast<std::size_t>(tensor.offset), static_cast<std::size_t>(tensor.bytes)), values);
  }
  return 0;
}
