#include "model/tokenizer/bpe.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "base/try.h"
#include "mobiedit/model/tokenizer_errors.h"
#include "model/tokenizer/byte_mapping.h"
#include "model/tokenizer/nfc.h"
#include "model/tokenizer/special_tokens.h"
#include "model/tokenizer/utf8.h"

namespace mobiedit::tokenizer {
namespace {

// Symbols count a word's bytes in 32 bits. A longer word, which no real text has, is split.
constexpr std::size_t longest_word = std::size_t{1} << 30;

}  // namespace

Result<BytePairEncoder> BytePairEncoder::create(const TokenizerData& data, const Splitting& splitting) {
  // Each merge can add three symbols that are no tokens, and ids have 32 bits.
  if (data.merges.size() > std::numeric_limits<std::int32_t>::max() / 8) {
    return fail(tokenizer_errors::merges, std::to_string(data.merges.size()) + " merges", "tokenizer.ggml.merges");
  }
  MOBIEDIT_TRY(auto splitter, Splitter::create(splitting.patterns));

  BytePairEncoder encoder(std::move(splitter), data.merges.size());
  encoder.vocabulary_ = static_cast<std::int32_t>(data.tokens.size());
  encoder.composes_ = splitting.composes;

  std::unordered_map<std::string_view, std::int32_t> symbols;
  symbols.reserve(data.tokens.size() + 256);
  for (std::size_t id = 0; id < data.tokens.size(); ++id) {
    if (!may_come_from_text(data.types[id]) || data.tokens[id].empty()) continue;
    symbols.emplace(data.tokens[id], static_cast<std::int32_t>(id));
    if (splitting.whole_words) encoder.whole_words_.emplace(spelled_bytes(data.tokens[id]), static_cast<Token>(id));
  }
  std::int32_t next = encoder.vocabulary_;
  const auto symbol = [&](std::string_view text) {
    const auto [found, added] = symbols.emplace(text, next);
    if (added) ++next;
    return found->second;
  };

  std::array<std::string, 256> characters;
  for (unsigned byte = 0; byte < 256; ++byte) {
    utf8_append(characters[byte], byte_to_character(static_cast<unsigned char>(byte)));
    encoder.bytes_[byte] = symbol(characters[byte]);
  }

  // The symbols' texts are borrowed from `merges`, joined ones from here.
  std::vector<std::string> joined(data.merges.size());
  for (std::size_t rank = 0; rank < data.merges.size(); ++rank) {
    const std::string_view merge = data.merges[rank];
    const std::size_t space = merge.find(' ', 1);
    if (space == std::string_view::npos || space + 1 == merge.size()) {
      return fail(tokenizer_errors::merges,
                  "merge " + std::to_string(rank) + " is not two symbols with a space between",
                  "tokenizer.ggml.merges");
    }
    const std::string_view left = merge.substr(0, space), right = merge.substr(space + 1);
    joined[rank].append(left).append(right);
    const std::int32_t left_id = symbol(left), right_id = symbol(right);
    encoder.merges_.insert(left_id, right_id, {static_cast<std::int32_t>(rank), symbol(joined[rank])});
  }
  return encoder;
}

void BytePairEncoder::encode(std::string_view text, std::vector<Token>& tokens) const {
  Scratch scratch;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t run = utf8_run(text, at);
    if (run == 0) {
      encode_word(text.substr(at++, 1), scratch, tokens);
      continue;
    }
    std::string_view valid = text.substr(at, run);
    if (composes_) valid = compose(valid, scratch.composed);
    splitter_.split(valid, scratch.words);
    for (std::string_view word : scratch.words) {
      for (; word.size() > longest_word; word.remove_prefix(longest_word)) {
        encode_word(word.substr(0, longest_word), scratch, tokens);
      }
      encode_word(word, scratch, tokens);
    }
    at += run;
  }
}

void BytePairEncoder::encode_word(std::string_view word, Scratch& scratch, std::vector<Token>& tokens) const {
  if (!whole_words_.empty()) {
    if (const auto found = whole_words_.find(word); found != whole_words_.end()) {
      tokens.push_back(found->second);
      return;
    }
  }
  constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
  auto& symbols = scratch.symbols;
  auto& queue = scratch.queue;
  const auto size = static_cast<std::uint32_t>(word.size());
  symbols.resize(size);
  for (std::uint32_t i = 0; i < size; ++i) {
    symbols[i] = {bytes_[static_cast<unsigned char>(word[i])], i == 0 ? none : i - 1, i + 1};
  }
  const auto consider = [&](std::uint32_t left) {
    const std::uint32_t right = symbols[left].next;
    if (right >= size) return false;
    const auto merge = merges_.find(symbols[left].id, symbols[right].id);
    if (merge.rank < 0) return false;
    queue.push_back({merge.rank, merge.symbol, left, symbols[left].id, symbols[right].id});
    return true;
  };

  queue.clear();
  for (std::uint32_t i = 0; i + 1 < size; ++i) consider(i);
  std::ranges::make_heap(queue, std::greater{});
  while (!queue.empty()) {
    std::ranges::pop_heap(queue, std::greater{});
    const Candidate best = queue.back();
    queue.pop_back();
    Symbol& left = symbols[best.left];
    // A candidate is stale once either side was merged into something else; a swallowed symbol has no id.
    if (left.id != best.left_id || left.next >= size || symbols[left.next].id != best.right_id) continue;
    Symbol& right = symbols[left.next];
    left.id = best.merged;
    left.next = right.next;
    right.id = -1;
    if (left.next < size) symbols[left.next].previous = best.left;
    if (consider(best.left)) std::ranges::push_heap(queue, std::greater{});
    if (left.previous != none && consider(left.previous)) std::ranges::push_heap(queue, std::greater{});
  }

  for (std::uint32_t i = 0; i < size; i = symbols[i].next) {
    if (symbols[i].id < vocabulary_) {
      tokens.push_back(symbols[i].id);
      continue;
    }
    for (std::uint32_t byte = i; byte < symbols[i].next; ++byte) {
      const std::int32_t id = bytes_[static_cast<unsigned char>(word[byte])];
      if (id < vocabulary_) tokens.push_back(id);
    }
  }
}

}  // namespace mobiedit::tokenizer
