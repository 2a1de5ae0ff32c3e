#include "store/foreign_adapter.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "io/mapped_file.h"
#include "mobiedit/store/errors.h"

namespace mobiedit {
namespace {

// The first eight bytes of a safetensors file are the length of a JSON object that follows.
bool is_safetensors(std::string_view bytes) {
  std::uint64_t length = 0;
  if (bytes.size() < sizeof length + 1) return false;
  std::memcpy(&length, bytes.data(), sizeof length);
  return length <= bytes.size() - sizeof length && bytes[sizeof length] == '{';
}

const char* format_of(std::string_view bytes) {
  if (bytes.starts_with("algg")) return "in llama.cpp's old adapter format (ggla), which is no longer read";
  if (bytes.starts_with("PK\x03\x04")) return "a PyTorch file, not GGUF";
  if (is_safetensors(bytes)) return "a safetensors file, not GGUF";
  return "not a GGUF file";
}

}  // namespace

std::optional<Error> foreign_adapter(const std::filesystem::path& path) {
  const auto file = io::MappedFile::open(path);
  if (!file) return std::nullopt;
  const std::string_view bytes(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
  if (bytes.starts_with("GGUF")) return std::nullopt;
  return fail(adapter_errors::format, std::string("is ") + format_of(bytes) + "; expected an adapter in GGUF",
              path.string(), "convert the adapter with llama.cpp's convert_lora_to_gguf.py")
      .error();
}

}  // namespace mobiedit
