// Chat format of a model: a question, and a question with its answer, as tokens.
#pragma once

#include <ctime>
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
  /// As of(), but a template that cannot be used is an error: bad_model, out_of_memory. A template that shows the time
  /// shows `now`.
  [[nodiscard]] static Result<std::optional<ChatFormat>> find(const Model& model,
                                                              const std::optional<std::tm>& now = {});

  /// A question, up to where the assistant's answer begins. Errors: those of ChatTemplate::render.
  [[nodiscard]] Result<std::vector<Token>> question(std::string_view question) const;
  /// A question with its answer. Errors: those of ChatTemplate::render.
  [[nodiscard]] Result<ChatTurn> turn(std::string_view question, std::string_view answer) const;

 private:
  ChatFormat(const Model& model, ChatTemplate format, ChatSupport support, const std::optional<std::tm>& now);
  [[nodiscard]] Result<std::vector<Token>> tokens(ChatValue::Array messages, bool open) const;

  const Model* model_;
  std::shared_ptr<const ChatTemplate> format_;
  ChatSupport support_;
  std::optional<std::tm> now_;
};

}  // namespace mobiedit
