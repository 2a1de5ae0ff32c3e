#include "chat/jinja/text.h"

#include <algorithm>
#include <utility>

#include "model/tokenizer/utf8.h"

namespace mobiedit::chat {

MarkedText::MarkedText(std::string bytes, bool input) : bytes_(std::move(bytes)) {
  if (input) mark(0, bytes_.size());
}

bool MarkedText::is_input(std::size_t begin, std::size_t end) const {
  const auto range = std::ranges::upper_bound(input_, begin, {}, &Range::end);
  return range != input_.end() && range->begin < end;
}

void MarkedText::mark(std::size_t begin, std::size_t end) {
  if (begin >= end) return;
  if (!input_.empty() && input_.back().end == begin) {
    input_.back().end = end;
  } else {
    input_.push_back({begin, end});
  }
}

void MarkedText::append(std::string_view bytes, bool input) {
  const std::size_t begin = bytes_.size();
  bytes_ += bytes;
  if (input) mark(begin, bytes_.size());
}

void MarkedText::append(const MarkedText& other, std::size_t begin, std::size_t end) {
  if (begin >= end) return;
  const std::size_t place = bytes_.size();
  bytes_.append(other.bytes_, begin, end - begin);
  for (auto range = std::ranges::upper_bound(other.input_, begin, {}, &Range::end);
       range != other.input_.end() && range->begin < end; ++range) {
    mark(place + std::max(range->begin, begin) - begin, place + std::min(range->end, end) - begin);
  }
}

MarkedText MarkedText::part(std::size_t begin, std::size_t end) const {
  MarkedText text;
  text.append(*this, begin, end);
  return text;
}

std::size_t character_length(std::string_view text, std::size_t at) {
  return std::max<std::size_t>(1, tokenizer::utf8_length(text, at));
}

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); at += character_length(text, at)) ++count;
  return count;
}

std::vector<std::size_t> character_starts(std::string_view text) {
  std::vector<std::size_t> starts;
  for (std::size_t at = 0; at < text.size(); at += character_length(text, at)) starts.push_back(at);
  starts.push_back(text.size());
  return starts;
}

std::size_t space_length(std::string_view text, std::size_t at) {
  const std::size_t length = tokenizer::utf8_length(text, at);
  if (length == 0) return 0;
  const char32_t c = tokenizer::utf8_decode(text, at, length);
  const bool space = (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
                     (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
                     c == 0x3000;
  return space ? length : 0;
}

std::size_t skip_space(std::string_view text, std::size_t begin, std::size_t end) {
  while (begin < end) {
    const std::size_t length = space_length(text, begin);
    if (length == 0) break;
    begin += length;
  }
  return std::min(begin, end);
}

std::size_t cut_space(std::string_view text, std::size_t begin, std::size_t end) {
  while (end > begin) {
    std::size_t start = end - 1;
    while (start > begin && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
    if (space_length(text, start) != end - start) break;
    end = start;
  }
  return end;
}

}  // namespace mobiedit::chat
