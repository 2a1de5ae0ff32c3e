#include "edit/statistics/default_rows.h"

#include <algorithm>
#include <iterator>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

#include "backend/continue_greedily.h"
#include "base/fingerprint.h"
#include "edit/statistics/cache.h"
#include "edit/statistics/chat_prompts.h"
#include "edit/statistics/plain_text.h"

namespace mobiedit {
namespace {

constexpr std::size_t longest_row = 256;  // tokens
constexpr int longest_answer = 32;        // tokens: greedy answers of small models soon repeat themselves
constexpr std::uint32_t answers_version = 1;

// In the file: all rows, one behind the other, and the length of each.
constexpr const char* row_tokens_key = "tokens";
constexpr const char* lengths_key = "lengths";

using Rows = std::vector<std::vector<Token>>;

std::string fingerprint_of(const Rows& rows) {
  Fingerprint all;
  for (const std::vector<Token>& row : rows) {
    const std::size_t length = row.size();
    all.add(std::as_bytes(std::span(&length, 1)));
    all.add(std::as_bytes(std::span(row)));
  }
  return all.digits();
}

Rows text_rows(const Model& model) {
  const Tokenizer& tokenizer = model.tokenizer();
  const std::vector<Token> tokens = tokenizer.encode(plain_text(), {.add_special = false});
  const std::vector<Token> start =
      tokenizer.adds_bos() && tokenizer.bos() ? std::vector<Token>{*tokenizer.bos()} : std::vector<Token>();
  const std::size_t longest = std::min(longest_row, static_cast<std::size_t>(model.config().context));
  const std::size_t width = std::max<std::size_t>(1, longest - std::min(longest, start.size()));
  Rows rows;
  for (std::size_t at = 0; at < tokens.size(); at += width) {
    std::vector<Token>& row = rows.emplace_back(longest > start.size() ? start : std::vector<Token>());
    const std::span<const Token> some = std::span(tokens).subspan(at, std::min(width, tokens.size() - at));
    row.insert(row.end(), some.begin(), some.end());
  }
  return rows;
}

const std::vector<std::int64_t>* integers_of(const gguf::File& file, std::string_view key) {
  const gguf::Entry* entry = file.find(key);
  return entry == nullptr ? nullptr : std::get_if<std::vector<std::int64_t>>(&entry->value);
}

std::optional<Rows> cached_rows(const StatisticsCache& cache, const StatisticsKey& key, const Model& model) {
  const auto file = cache.find(key);
  if (!file) return {};
  const auto *tokens = integers_of(*file, row_tokens_key), *lengths = integers_of(*file, lengths_key);
  if (tokens == nullptr || lengths == nullptr) return {};
  Rows rows;
  std::size_t at = 0;
  for (const std::int64_t length : *lengths) {
    if (length < 1 || length > model.config().context || static_cast<std::size_t>(length) > tokens->size() - at)
      return {};
    std::vector<Token>& row = rows.emplace_back();
    for (std::int64_t i = 0; i < length; ++i) {
      const std::int64_t token = (*tokens)[at++];
      if (token < 0 || token >= model.config().vocab) return {};
      row.push_back(static_cast<Token>(token));
    }
  }
  return at == tokens->size() ? std::optional(std::move(rows)) : std::nullopt;
}

Status cache_rows(const StatisticsCache& cache, const StatisticsKey& key, const Rows& rows) {
  std::vector<std::int64_t> tokens, lengths;
  for (const std::vector<Token>& row : rows) {
    tokens.insert(tokens.end(), row.begin(), row.end());
    lengths.push_back(static_cast<std::int64_t>(row.size()));
  }
  gguf::Writer file;
  file.set({row_tokens_key, gguf::ValueType::array, gguf::ValueType::i32, std::move(tokens)});
  file.set({lengths_key, gguf::ValueType::array, gguf::ValueType::i32, std::move(lengths)});
  return cache.put(key, file);
}

// The prompts, each with the unedited model's answer and the token that ended it.
Result<Rows> answered(const Model& model, ForwardPass& forward, Rows prompts, const std::filesystem::path& folder,
                      const CancelToken& cancel) {
  if (prompts.empty()) return prompts;
  const StatisticsCache cache(folder);
  const StatisticsKey key{.kind = "chat-turns",
                          .version = answers_version,
                          .model = model.fingerprint(),
                          .layer = -1,
                          .text = fingerprint_of(prompts),
                          .active_edits = {}};
  if (auto rows = cached_rows(cache, key, model)) return std::move(*rows);
  std::vector<GenerationPrompt> open;
  for (const std::vector<Token>& prompt : prompts) open.push_back({prompt, longest_answer});
  const auto answers = continue_greedily(forward, {}, model.tokenizer(), open, model.config().context, cancel);
  if (!answers) return std::unexpected(answers.error());
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const Continuation& answer = (*answers)[i];
    prompts[i].insert(prompts[i].end(), answer.tokens.begin(), answer.tokens.end());
    if (answer.end && prompts[i].size() < static_cast<std::size_t>(model.config().context))
      prompts[i].push_back(*answer.end);
  }
  if (auto kept = cache_rows(cache, key, prompts); !kept) return std::unexpected(kept.error());
  return prompts;
}

}  // namespace

Result<StatisticsRows> default_statistics_rows(const Model& model, ForwardPass& forward, ChatRows chat,
                                               const std::filesystem::path& cache_folder,
                                               const CancelToken& cancel) try {
  StatisticsRows made;
  made.rows = text_rows(model);
  if (chat == ChatRows::with_own_answers) {
    auto turns = chat_prompts(model, plain_questions());
    if (!turns) return std::unexpected(turns.error());
    made.chat_refusal = std::move(turns->refusal);
    auto rows = answered(model, forward, std::move(turns->prompts), cache_folder, cancel);
    if (!rows) return std::unexpected(rows.error());
    std::ranges::move(*rows, std::back_inserter(made.rows));
  }
  made.fingerprint = fingerprint_of(made.rows);
  return made;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the rows of a model's statistics");
}

}  // namespace mobiedit
