#include "model/text_stream.h"

#include <algorithm>

namespace mobiedit {
namespace {

/// Bytes of the character that begins with this byte; 1 where it begins none.
std::size_t announced_length(unsigned char byte) {
  if (byte < 0xC2 || byte > 0xF4) return 1;
  return byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
}

/// Where the text ends without a character that has begun and not ended.
std::size_t whole_characters(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    return announced_length(byte) > back ? text.size() - back : text.size();
  }
  return text.size();
}

/// Bytes at the end of the text that `stop` may begin with.
std::size_t begun(std::string_view text, std::string_view stop) {
  for (std::size_t length = std::min(text.size(), stop.size() - 1); length > 0; --length)
    if (text.ends_with(stop.substr(0, length))) return length;
  return 0;
}

}  // namespace

std::string_view TextStream::release(std::size_t end) {
  end = std::max(end, released_);
  const std::string_view part = std::string_view(text_).substr(released_, end - released_);
  released_ = end;
  return part;
}

std::string_view TextStream::push(std::string_view piece) {
  if (stopped_) return {};
  text_ += piece;
  std::size_t first = std::string::npos;
  std::size_t held = 0;
  const std::string_view unreleased = std::string_view(text_).substr(released_);
  for (const std::string& stop : stop_) {
    if (stop.empty()) continue;
    // A stop string that begins earlier would have been held back.
    first = std::min(first, unreleased.find(stop));
    held = std::max(held, begun(unreleased, stop));
  }
  if (first != std::string::npos) {
    stopped_ = true;
    text_.resize(released_ + first);
    return release(text_.size());
  }
  return release(std::min(text_.size() - held, whole_characters(text_)));
}

std::string_view TextStream::finish() {
  return release(text_.size());
}

}  // namespace mobiedit
