#include "gguf/parse.h"

#include <cstring>
#include <utility>

#include "gguf/cursor.h"

namespace mobiedit::gguf {
namespace {

bool preamble(Cursor& cursor, Header& header, std::uint64_t& tensor_count, std::uint64_t& entry_count) {
  cursor.place = "the header";
  char magic[4] = {};
  if (cursor.file().size() < sizeof magic)
    return cursor.refuse(errors::truncated, "is too short for a GGUF file", damaged_hint);
  if (!cursor.read(magic)) return false;
  if (std::memcmp(magic, "GGUF", sizeof magic) != 0) {
    return cursor.refuse(errors::not_gguf, "is not a GGUF file: it begins with " + shown({magic, sizeof magic}),
                         "a model for llama.cpp, its name ending in .gguf, is wanted");
  }
  if (!cursor.read(header.version)) return false;
  if (header.version != 0 && (header.version & 0xffffu) == 0) {
    return cursor.refuse(errors::big_endian, "is a GGUF file for big-endian machines",
                         "convert or download a little-endian one");
  }
  if (header.version == 1) {
    return cursor.refuse(errors::version, "is of GGUF version 1, which is no longer read",
                         "convert it again, or download a newer file");
  }
  if (header.version != 2 && header.version != 3) {
    return cursor.refuse(errors::version,
                         "is of GGUF version " + std::to_string(header.version) + "; versions 2 and 3 are read",
                         header.version > 3 ? "convert it again to version 3" : damaged_hint);
  }
  if (!cursor.read(tensor_count) || !cursor.read(entry_count)) return false;
  // An entry takes at least 13 bytes (an empty name, a type, a byte), a tensor 32.
  if (entry_count > cursor.left() / 13) {
    return cursor.refuse(
        errors::count,
        "claims " + std::to_string(entry_count) + " metadata keys, more than the file has room for" + cursor.room(),
        damaged_hint);
  }
  if (tensor_count > cursor.left() / 32) {
    return cursor.refuse(
        errors::count,
        "claims " + std::to_string(tensor_count) + " tensors, more than the file has room for" + cursor.room(),
        damaged_hint);
  }
  return true;
}

}  // namespace

Result<Header> parse(std::span<const std::byte> file, const std::string& name, TypesAllowed types) {
  Header header;
  Cursor cursor(file, name);
  std::uint64_t tensor_count = 0, entry_count = 0;
  if (!preamble(cursor, header, tensor_count, entry_count) || !parse_metadata(cursor, entry_count, header) ||
      !parse_tensors(cursor, tensor_count, types, header)) {
    return std::unexpected(std::move(cursor.error));
  }
  return header;
}

}  // namespace mobiedit::gguf
