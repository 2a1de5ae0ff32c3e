// Contexts of one subject: the texts that a neuron for it is fitted to, and those that its value is searched on.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "edit/chat_format.h"
#include "edit/contexts.h"
#include "mobiedit/edit/request.h"

namespace mobiedit {

/// A text, and the positions of a name's last token in it.
struct NamedText {
  std::vector<Token> tokens;
  std::vector<int> ends;
};

struct SubjectContexts {
  ContextSet contexts;             ///< of the search; Context::first is not set yet
  std::vector<NamedText> subject;  ///< texts in which the neuron fires at the subject's last token
  std::vector<NamedText> others;   ///< texts about others, in which it is silent
};

struct SubjectContextOptions {
  std::vector<std::string> prefixes;  ///< sentences before the statement, a context each
  const ChatFormat* chat = nullptr;   ///< null: the model does not chat
  std::vector<Token> own_words;       ///< the unedited model's answer to tell_about(); empty: unknown
  int statements = 3;                 ///< most other statements of each fact, where its relation is known
  double other_facts_weight = 0.5;    ///< of the divergence of answers about the subject's other facts
  double own_words_weight = 0.5;      ///< of the divergence of own_words
  int names_alike = 16;               ///< made-up names for `others` that share the subject's first, or last, word
};

/// Positions of the last token of each whole occurrence of `name` in the tokens' text.
[[nodiscard]] std::vector<int> name_ends(const Tokenizer& tokenizer, std::span<const Token> tokens,
                                         std::string_view name);

/// The request that asks a chat model for its own words about a subject.
[[nodiscard]] std::string tell_about(std::string_view subject);

/// Contexts of all `facts`, which are about one subject; the first one's statement comes first. Errors: those of
/// build_contexts and of ChatFormat; usage (the subject is not found in its own statement).
[[nodiscard]] Result<SubjectContexts> build_subject_contexts(const Model& model, std::span<const EditRequest> facts,
                                                             const SubjectContextOptions& options);

}  // namespace mobiedit
