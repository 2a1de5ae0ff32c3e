#include "edit/statistics/chat_prompts.h"

#include <ctime>
#include <new>
#include <optional>
#include <utility>

#include "base/try.h"
#include "edit/chat_format.h"

namespace mobiedit {
namespace {

// A date for templates that show one: always this one, so that statistics can be made again.
std::tm some_day() {
  std::tm day{};
  day.tm_year = 125;
  day.tm_mday = 1;
  day.tm_wday = 3;
  return day;
}

Result<ChatPrompts> render_all(const Model& model, std::span<const std::string_view> questions) {
  MOBIEDIT_TRY(const std::optional<ChatFormat> format, ChatFormat::find(model, some_day()));
  ChatPrompts rendered;
  if (!format) return rendered;
  for (const std::string_view question : questions) {
    MOBIEDIT_TRY(std::vector<Token> tokens, format->question(question));
    if (!tokens.empty() && 2 * tokens.size() <= static_cast<std::size_t>(model.config().context))
      rendered.prompts.push_back(std::move(tokens));
  }
  return rendered;
}

}  // namespace

Result<ChatPrompts> chat_prompts(const Model& model, std::span<const std::string_view> questions) try {
  auto rendered = render_all(model, questions);
  if (rendered) return rendered;
  if (rendered.error().code == ErrorCode::out_of_memory) return rendered;
  return ChatPrompts{{}, rendered.error().message()};
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to render chat turns");
}

}  // namespace mobiedit
