#include "lab/battery/chat_form.h"

#include <utility>

#include "mobiedit/gguf/file.h"

namespace mobiedit {

Result<std::optional<ChatForm>> ChatForm::of(const Model& model) {
  if (model.file().find("tokenizer.chat_template") == nullptr) return std::nullopt;
  auto format = ChatTemplate::from_file(model.file(), model.tokenizer());
  if (!format) return std::unexpected(format.error());
  const auto support = format->probe();
  if (!support) return std::unexpected(support.error());
  return ChatForm(std::move(*format), support->content_as_parts, model.tokenizer());
}

Result<std::vector<Token>> ChatForm::asked(const std::string& question) const {
  ChatValue content = question;
  if (content_as_parts_) content = ChatValue::Array{ChatValue::Object{{"type", "text"}, {"text", question}}};
  ChatInputs inputs;
  inputs.messages.push_back(ChatValue::Object{{"role", "user"}, {"content", std::move(content)}});
  const auto text = format_.render(inputs);
  if (!text) return std::unexpected(text.error());
  return tokens_of(*text, *tokenizer_);
}

}  // namespace mobiedit
