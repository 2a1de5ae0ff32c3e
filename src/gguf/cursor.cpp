#include "gguf/cursor.h"

namespace mobiedit::gguf {

std::string shown(std::string_view text) {
  constexpr std::size_t longest = 96;
  std::string out = "'";
  for (const char c : text.substr(0, longest)) {
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  }
  return out + (text.size() > longest ? "…'" : "'");
}

bool Cursor::refuse(ErrorId id, std::string what, std::string hint) {
  error = fail(id, std::move(what), name_, std::move(hint)).error();
  return false;
}

bool Cursor::unfit(const std::string& whose, std::string_view name, const char* why, std::size_t longest) {
  std::string what = whose + " " + why;
  if (name.size() > longest)
    what += " (" + std::to_string(name.size()) + " bytes; " + std::to_string(longest) + " are allowed)";
  if (!name.empty()) what += ": " + shown(name);
  return refuse(errors::name, what + ", before byte " + std::to_string(at_), damaged_hint);
}

std::string Cursor::element_text() const {
  if (element.second == 0) return {};
  return "element " + std::to_string(element.first) + " of " + std::to_string(element.second) + ", ";
}

bool Cursor::ends_early(const std::string& what, std::uint64_t bytes) {
  const std::string rest = ": " + element_text() + what + " of " + std::to_string(bytes) + " bytes begins " + here();
  if (file_.size() > header_limit) {
    return refuse_here(
        errors::truncated,
        " reaches beyond the first " + std::to_string(header_limit >> 20) + " MiB, where metadata must end" + rest,
        damaged_hint);
  }
  return refuse_here(errors::truncated,
                     " reaches beyond the end of the file (" + std::to_string(file_.size()) + " bytes)" + rest,
                     damaged_hint);
}

bool Cursor::read_string(std::string& out) {
  std::uint64_t length = 0;
  if (!read(length)) return false;
  if (length > left()) return ends_early("a text", length);
  out.assign(reinterpret_cast<const char*>(file_.data()) + at_, static_cast<std::size_t>(length));
  at_ += static_cast<std::size_t>(length);
  return true;
}

bool Cursor::read_boolean(bool& out) {
  std::uint8_t byte = 0;
  if (!read(byte)) return false;
  if (byte > 1)
    return refuse_here(errors::value,
                       ": " + element_text() + "a boolean before byte " + std::to_string(at_) +
                           " is neither 0 nor 1 but " + std::to_string(byte),
                       damaged_hint);
  out = byte == 1;
  return true;
}

}  // namespace mobiedit::gguf
