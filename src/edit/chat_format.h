// Chat format of a model: a question, and a question with its answer, as tokens.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/chat/chat_template.h"
#include "mobiedit/model/model.h"

namespace mobiedit {

/// A user's question and the assistant's answer. The answer begins at tokens[answer] and has the token that ends a
/// turn at its end.
struct ChatTurn {
  std::vector<Token> tokens;
  int answer = 0;
};

/// Borrows the model. Immutable; any thread.
class ChatFormat {
 public:
  /// The model's own chat template. Nothing where the model has none, or one that cannot be used.
  [[nodiscard]] static std::optional<ChatFormat> of(const Model& model);

  /// A question, up to where the assistant's answer begins. Errors: those of ChatTemplate::render.
  [[nodiscard]] Result<std::vector<Token>> question(std::string_view question) const;
  /// A question with its answer. Errors: those of ChatTemplate::render.
  [[nodiscard]] Result<ChatTurn> turn(std::string_view question, std::string_view answer) const;

 private:
  ChatFormat(const Model& model, ChatTemplate format, bool content_as_parts);
  [[nodiscard]] ChatValue message(std::string_view role, std::string_view text) const;
  [[nodiscard]] Result<std::vector<Token>> tokens(ChatValue::Array messages, bool open) const;

  const Model* model_;
  std::shared_ptr<const ChatTemplate> format_;
  bool content_as_parts_;
};

}  // namespace mobiedit
