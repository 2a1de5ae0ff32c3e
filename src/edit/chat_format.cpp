#include "edit/chat_format.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/try.h"

namespace mobiedit {

ChatFormat::ChatFormat(const Model& model, ChatTemplate format, bool content_as_parts)
    : model_(&model),
      format_(std::make_shared<const ChatTemplate>(std::move(format))),
      content_as_parts_(content_as_parts) {}

std::optional<ChatFormat> ChatFormat::of(const Model& model) {
  auto format = ChatTemplate::from_file(model.file(), model.tokenizer());
  if (!format) return {};
  const auto support = format->probe();
  if (!support) return {};
  return ChatFormat(model, std::move(*format), support->content_as_parts);
}

ChatValue ChatFormat::message(std::string_view role, std::string_view text) const {
  if (!content_as_parts_) return chat_message(role, text);
  ChatValue::Object part{{"type", "text"}, {"text", text}};
  return ChatValue::Object{{"role", role}, {"content", ChatValue::Array{std::move(part)}}};
}

Result<std::vector<Token>> ChatFormat::tokens(ChatValue::Array messages, bool open) const {
  ChatInputs inputs;
  inputs.messages = std::move(messages);
  inputs.add_generation_prompt = open;
  MOBIEDIT_TRY(const ChatText text, format_->render(inputs));
  return tokens_of(text, model_->tokenizer());
}

Result<std::vector<Token>> ChatFormat::question(std::string_view question) const {
  return tokens({message("user", question)}, true);
}

Result<ChatTurn> ChatFormat::turn(std::string_view question, std::string_view answer) const {
  MOBIEDIT_TRY(const std::vector<Token> open, tokens({message("user", question)}, true));
  MOBIEDIT_TRY(const std::vector<Token> whole,
               tokens({message("user", question), message("assistant", answer)}, false));
  const Tokenizer& tokenizer = model_->tokenizer();
  const auto answer_size = static_cast<std::ptrdiff_t>(open.size());
  ChatTurn turn{open, static_cast<int>(open.size())};
  if (whole.size() > open.size() && std::ranges::equal(open, std::span(whole).first(open.size()))) {
    // The answer ends with the first control token behind it: line ends that follow belong to the next turn.
    const auto is_control = [&](Token t) { return tokenizer.piece(t).empty(); };
    const auto end = std::find_if(whole.begin() + answer_size, whole.end(), is_control);
    turn.tokens.assign(whole.begin(), end == whole.end() ? end : end + 1);
    return turn;
  }
  // Some templates write an answer that is over otherwise than one that begins, without its thoughts for instance.
  const std::vector<Token> text = tokenizer.encode(answer, {.add_special = false});
  turn.tokens.insert(turn.tokens.end(), text.begin(), text.end());
  if (const auto end = tokenizer.eos()) turn.tokens.push_back(*end);
  return turn;
}

}  // namespace mobiedit
