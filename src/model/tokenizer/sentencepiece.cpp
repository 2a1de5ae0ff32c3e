#include "model/tokenizer/sentencepiece.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "mobiedit/model/tokenizer_errors.h"
#include "model/tokenizer/special_tokens.h"
#include "model/tokenizer/utf8.h"

namespace mobiedit::tokenizer {

std::optional<unsigned char> byte_token_value(std::string_view text) {
  unsigned value = 0;
  if (text.size() != 6 || !text.starts_with("<0x") || text.back() != '>') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data() + 3, text.data() + 5, value, 16);
  if (error != std::errc() || end != text.data() + 5) return std::nullopt;
  return static_cast<unsigned char>(value);
}

namespace {

// Symbols count a word's bytes in 32 bits. A longer word, which no real text has, is split.
constexpr std::size_t longest_run = std::size_t{1} << 30;

/// Position of the next U+2581 after another character, from `begin` on; the end of the text if there is none.
std::size_t word_end(std::string_view text, std::size_t begin) {
  std::size_t at = begin;
  while (text.substr(at).starts_with(word_space)) at += word_space.size();
  return std::min(text.find(word_space, at), text.size());
}

}  // namespace

Result<SentencePieceEncoder> SentencePieceEncoder::create(const TokenizerData& data) {
  if (data.scores.size() != data.tokens.size()) {
    return fail(tokenizer_errors::scores,
                std::to_string(data.scores.size()) + " scores for " + std::to_string(data.tokens.size()) + " tokens",
                "tokenizer.ggml.scores");
  }
  SentencePieceEncoder encoder;
  encoder.adds_space_ = data.add_space_prefix.value_or(true);
  encoder.bytes_.fill(data.unknown.value_or(-1));
  std::array<bool, 256> has_byte_token{};
  for (std::size_t id = 0; id < data.tokens.size(); ++id) {
    const std::string& text = data.tokens[id];
    const auto token = static_cast<Token>(id);
    if (const auto value = byte_token_value(text); value && data.types[id] == byte) {
      encoder.bytes_[*value] = token;
      has_byte_token[*value] = true;
    }
    if (!may_come_from_text(data.types[id]) || data.types[id] == byte || text.empty()) continue;
    // A NaN score would leave the queue without an order.
    const float score = std::isnan(data.scores[id]) ? -std::numeric_limits<float>::infinity() : data.scores[id];
    encoder.pieces_.emplace(text, Piece{token, score});
    encoder.pieces_span_words_ |= word_end(text, 0) != text.size();
    encoder.longest_piece_ = std::max(encoder.longest_piece_, text.size());
    if (text.size() == 1 && !has_byte_token[static_cast<unsigned char>(text[0])]) {
      encoder.bytes_[static_cast<unsigned char>(text[0])] = token;
    }
  }
  return encoder;
}

void SentencePieceEncoder::encode(std::string_view text, std::vector<Token>& tokens) const {
  if (text.empty()) return;
  std::string escaped;
  escaped.reserve(text.size() + text.size() / 2);
  if (adds_space_) escaped += word_space;
  for (const char c : text) {
    if (c == ' ') {
      escaped += word_space;
    } else {
      escaped += c;
    }
  }

  // Merges cross from one word to the next only if some piece does; otherwise each word is merged by itself.
  Scratch scratch;
  for (std::size_t begin = 0; begin < escaped.size();) {
    std::size_t end = pieces_span_words_ ? escaped.size() : word_end(escaped, begin);
    end = std::min(end, begin + longest_run);
    encode_stretch(std::string_view(escaped).substr(begin, end - begin), scratch, tokens);
    begin = end;
  }
}

void SentencePieceEncoder::encode_stretch(std::string_view text, Scratch& scratch, std::vector<Token>& tokens) const {
  constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
  auto& symbols = scratch.symbols;
  symbols.clear();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = std::max<std::size_t>(utf8_length(text, at), 1);
    const auto index = static_cast<std::uint32_t>(symbols.size());
    symbols.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(size), index - 1, index + 1});
    at += size;
  }
  symbols.front().previous = none;
  symbols.back().next = none;

  const auto piece_of = [&](std::uint32_t begin, std::uint32_t size) { return pieces_.find(text.substr(begin, size)); };
  auto& queue = scratch.queue;
  queue.clear();
  const auto consider = [&](std::uint32_t left) {
    if (left == none || symbols[left].next == none) return false;
    const std::uint32_t size = symbols[left].size + symbols[symbols[left].next].size;
    if (size > longest_piece_) return false;
    const auto piece = piece_of(symbols[left].begin, size);
    if (piece == pieces_.end()) return false;
    queue.push_back({piece->second.score, left, size});
    return true;
  };
  for (std::uint32_t i = 0; i < symbols.size(); ++i) consider(i);
  std::ranges::make_heap(queue, std::less{});
  while (!queue.empty()) {
    std::ranges::pop_heap(queue, std::less{});
    const Candidate best = queue.back();
    queue.pop_back();
    Symbol& left = symbols[best.left];
    if (left.size == 0 || left.next == none || left.size + symbols[left.next].size != best.size) continue;
    Symbol& right = symbols[left.next];
    left.size += right.size;
    left.next = right.next;
    right.size = 0;
    if (left.next != none) symbols[left.next].previous = best.left;
    if (consider(left.previous)) std::ranges::push_heap(queue, std::less{});
    if (consider(best.left)) std::ranges::push_heap(queue, std::less{});
  }

  for (std::uint32_t i = 0; i != none; i = symbols[i].next) {
    if (const auto piece = piece_of(symbols[i].begin, symbols[i].size); piece != pieces_.end()) {
      tokens.push_back(piece->second.token);
      continue;
    }
    for (std::uint32_t at = symbols[i].begin; at < symbols[i].begin + symbols[i].size; ++at) {
      const Token token = bytes_[static_cast<unsigned char>(text[at])];
      if (token >= 0) tokens.push_back(token);
    }
  }
}

}  // namespace mobiedit::tokenizer
