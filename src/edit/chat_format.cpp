#include "edit/chat_format.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/try.h"
#include "mobiedit/gguf/file.h"

namespace mobiedit {

ChatFormat::ChatFormat(const Model& model, ChatTemplate format, ChatSupport support, const std::optional<std::tm>& now)
    : model_(&model),
      format_(std::make_shared<const ChatTemplate>(std::move(format))),
      support_(std::move(support)),
      now_(now) {}

Result<std::optional<ChatFormat>> ChatFormat::find(const Model& model, const std::optional<std::tm>& now) {
  if (model.file().find("tokenizer.chat_template") == nullptr) return std::nullopt;
  MOBIEDIT_TRY(ChatTemplate format, ChatTemplate::from_file(model.file(), model.tokenizer()));
  MOBIEDIT_TRY(ChatSupport support, format.probe());
  return ChatFormat(model, std::move(format), std::move(support), now);
}

std::optional<ChatFormat> ChatFormat::of(const Model& model) {
  auto found = find(model);
  return found ? std::move(*found) : std::nullopt;
}

Result<std::vector<Token>> ChatFormat::tokens(ChatValue::Array messages, bool open) const {
  ChatInputs inputs;
  inputs.messages = std::move(messages);
  inputs.add_generation_prompt = open;
  inputs.now = now_;
  MOBIEDIT_TRY(const ChatText text, format_->render(inputs));
  return tokens_of(text, model_->tokenizer());
}

Result<std::vector<Token>> ChatFormat::question(std::string_view question) const {
  return tokens({chat_message(support_, "user", question)}, true);
}

Result<ChatTurn> ChatFormat::turn(std::string_view question, std::string_view answer) const {
  MOBIEDIT_TRY(const std::vector<Token> open, tokens({chat_message(support_, "user", question)}, true));
  MOBIEDIT_TRY(const std::vector<Token> whole,
               tokens({chat_message(support_, "user", question), chat_message(support_, "assistant", answer)}, false));
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
  // Some templates write a finished answer differently from one that begins, for instance without its thoughts.
  const std::vector<Token> text = tokenizer.encode(answer, {.add_special = false});
  turn.tokens.insert(turn.tokens.end(), text.begin(), text.end());
  if (const auto end = tokenizer.eos()) turn.tokens.push_back(*end);
  return turn;
}

}  // namespace mobiedit
