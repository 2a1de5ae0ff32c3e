// Asks of the battery: every prompt that a model is to continue for a record, as a statement or in chat.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "edit/chat_format.h"
#include "mobiedit/base/result.h"
#include "mobiedit/eval/dataset.h"
#include "mobiedit/model/session.h"
#include "mobiedit/model/tokenizer.h"

namespace mobiedit {

enum class AskKind {
  statement,
  paraphrase,
  neighbour,
  same_subject,  ///< another prompt about the subject
  distracted,    ///< the statement behind a sentence about the true answer
  own_words,     ///< "Tell me about {}." in chat, or "{} is" without
  chat,
  other_form,  ///< the chat question in other words
  negated,
  multiple_choice,
};

/// One prompt to continue.
struct Ask {
  AskKind kind;
  std::size_t fact;  ///< place of its record
  GenerationPrompt prompt;
  std::string answer;               ///< a neighbour's true answer
  std::vector<std::string> others;  ///< in multiple choice: the answers on offer besides the target
};

/// Tokens of an answer in chat, at most.
inline constexpr int chat_answer_tokens = 28;
/// Tokens of the model's own words that their perplexity is taken of, and that loops are looked for in.
inline constexpr int own_words_scored = 28, own_words_tokens = 64;

struct AskSettings {
  const ChatFormat* chat = nullptr;  ///< null: no asks in chat
  bool fact_in_prompt = false;       ///< puts the statement with its new answer before every prompt
};

/// The statement with its new answer, as a sentence with a space behind it.
[[nodiscard]] std::string stated(const FactRecord& fact);

/// The record with its new fact before the prompt, the paraphrases and the neighbours.
[[nodiscard]] FactRecord with_fact_in_prompt(FactRecord fact);

/// All asks, those of one kind next to each other. The order does not depend on `fact_in_prompt`. Errors: those of
/// ChatFormat::question, naming the record.
[[nodiscard]] Result<std::vector<Ask>> asks_of(std::span<const FactRecord> facts, const Tokenizer& tokenizer,
                                               const AskSettings& settings);

}  // namespace mobiedit
