#include "edit/statistics/chat_prompts.h"

#include <ctime>
#include <new>
#include <utility>

#include "mobiedit/chat/chat_template.h"
#include "mobiedit/gguf/file.h"

namespace mobiedit {
namespace {

constexpr const char* template_key = "tokenizer.chat_template";

// A day that some templates tell: always this one, so that statistics can be made again.
std::tm some_day() {
  std::tm day{};
  day.tm_year = 125;
  day.tm_mday = 1;
  day.tm_wday = 3;
  return day;
}

Result<ChatPrompts> render_all(const Model& model, std::span<const std::string_view> questions) {
  const auto format = ChatTemplate::from_file(model.file(), model.tokenizer());
  if (!format) return std::unexpected(format.error());
  const auto support = format->probe();
  if (!support) return std::unexpected(support.error());
  ChatPrompts rendered;
  for (const std::string_view question : questions) {
    ChatInputs inputs;
    inputs.now = some_day();
    if (support->content_as_parts) {
      ChatValue::Object part{{"type", "text"}, {"text", question}};
      inputs.messages.emplace_back(
          ChatValue::Object{{"role", "user"}, {"content", ChatValue::Array{ChatValue(std::move(part))}}});
    } else {
      inputs.messages.push_back(chat_message("user", question));
    }
    const auto text = format->render(inputs);
    if (!text) return std::unexpected(text.error());
    std::vector<Token> tokens = tokens_of(*text, model.tokenizer());
    if (!tokens.empty() && 2 * tokens.size() <= static_cast<std::size_t>(model.config().context))
      rendered.prompts.push_back(std::move(tokens));
  }
  return rendered;
}

}  // namespace

Result<ChatPrompts> chat_prompts(const Model& model, std::span<const std::string_view> questions) try {
  if (const auto source = model.file().string(template_key); source && !*source) return ChatPrompts();
  auto rendered = render_all(model, questions);
  if (rendered) return rendered;
  if (rendered.error().code == ErrorCode::out_of_memory) return rendered;
  return ChatPrompts{{}, rendered.error().message()};
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to render chat turns");
}

}  // namespace mobiedit
