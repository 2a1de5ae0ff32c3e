// Chat form: a lone question as a model's own chat template writes it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/chat/chat_template.h"
#include "mobiedit/model/model.h"
#include "mobiedit/model/tokenizer.h"

namespace mobiedit {

/// Borrows the model, which must outlive it.
class ChatForm {
 public:
  /// Nothing for a model without a chat template. Errors: bad_model (a template that cannot be used).
  [[nodiscard]] static Result<std::optional<ChatForm>> of(const Model& model);

  /// The ids of a conversation in which the user has asked `question` and the assistant's answer begins. Errors: those
  /// of ChatTemplate::render.
  [[nodiscard]] Result<std::vector<Token>> asked(const std::string& question) const;

 private:
  ChatForm(ChatTemplate format, bool content_as_parts, const Tokenizer& tokenizer)
      : format_(std::move(format)), content_as_parts_(content_as_parts), tokenizer_(&tokenizer) {}

  ChatTemplate format_;
  bool content_as_parts_;
  const Tokenizer* tokenizer_;
};

}  // namespace mobiedit
