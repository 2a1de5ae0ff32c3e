#include "mobiedit/chat/chat_template.h"

#include <algorithm>
#include <new>
#include <utility>

#include "base/try.h"
#include "chat/jinja/evaluator.h"
#include "chat/jinja/parser.h"
#include "mobiedit/gguf/file.h"

namespace mobiedit {

using namespace chat;

struct ChatTemplate::Parsed {
  Syntax syntax;
  std::string begin, end;
};

namespace {

constexpr const char* template_name = "chat template";

std::unexpected<Error> as_error(const Failure& failure) {
  std::string where = template_name;
  if (failure.line > 0) where += ", line " + std::to_string(failure.line);
  const bool refused = failure.id.code == ErrorCode::usage;
  return fail(failure.id, refused ? "the template refuses: " + failure.what : failure.what, std::move(where),
              failure.hint);
}

/// Input becomes values of the template, its texts marked.
class InputValues {
 public:
  explicit InputValues(Heap& heap) : heap_(heap) {}

  Value make(const ChatValue& value) {
    const Level level(heap_.budget());
    heap_.budget().step();
    return std::visit([&](const auto& part) { return this->part(part); }, value.value);
  }

  Value array(const ChatValue::Array& array) { return part(array); }

 private:
  Value part(std::nullptr_t) { return {}; }
  Value part(bool value) { return value; }
  Value part(std::int64_t value) { return value; }
  Value part(double value) { return value; }
  Value part(const std::string& text) { return heap_.text(MarkedText(text, true)); }
  Value part(const ChatValue::Array& array) {
    std::vector<Value> items;
    for (const ChatValue& item : array) items.push_back(make(item));
    return heap_.list(std::move(items));
  }
  Value part(const ChatValue::Object& object) {
    std::vector<Entry> entries;
    for (const auto& [key, value] : object) put(heap_, entries, part(key), make(value));
    return heap_.dict(std::move(entries));
  }

  Heap& heap_;
};

ChatText in_pieces(const MarkedText& text) {
  ChatText pieces;
  std::size_t at = 0;
  const auto add = [&](std::size_t end, bool input) {
    if (end > at) pieces.pieces.push_back({text.bytes().substr(at, end - at), input});
    at = end;
  };
  for (const MarkedText::Range& range : text.input()) {
    add(range.begin, false);
    add(range.end, true);
  }
  add(text.size(), false);
  return pieces;
}

ChatValue probe_message(std::string_view role, std::string_view content, bool parts) {
  if (!parts) return chat_message(role, content);
  ChatValue::Object part{{"type", "text"}, {"text", content}};
  return ChatValue::Object{{"role", role}, {"content", ChatValue::Array{std::move(part)}}};
}

// Texts that no template contains, and that trimming or changing of case leaves as they are.
constexpr std::string_view user_probe = "Probe7431user", system_probe = "Probe7431system",
                           assistant_probe = "Probe7431assistant", last_probe = "Probe7431last";

}  // namespace

ChatValue chat_message(std::string_view role, std::string_view content) {
  return ChatValue::Object{{"role", role}, {"content", content}};
}

ChatValue chat_message(const ChatSupport& support, std::string_view role, std::string_view content) {
  if (!support.content_as_parts) return chat_message(role, content);
  ChatValue::Object part{{"type", "text"}, {"text", content}};
  return ChatValue::Object{{"role", role}, {"content", ChatValue::Array{ChatValue(std::move(part))}}};
}

std::string ChatText::text() const {
  std::string whole;
  for (const ChatPiece& piece : pieces) whole += piece.text;
  return whole;
}

ChatTemplate::ChatTemplate(std::unique_ptr<const Parsed> parsed) : parsed_(std::move(parsed)) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

Result<ChatTemplate> ChatTemplate::parse(std::string_view source, std::string begin, std::string end) try {
  return ChatTemplate(std::make_unique<const Parsed>(Parsed{parse_template(source), std::move(begin), std::move(end)}));
} catch (const Failure& failure) {
  return as_error(failure);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the template", template_name);
}

Result<ChatTemplate> ChatTemplate::parse(std::string_view source, const Tokenizer& tokenizer) {
  const auto text = [&](std::optional<Token> token) { return token ? tokenizer.piece(*token, true) : std::string(); };
  return parse(source, text(tokenizer.bos()), text(tokenizer.eos()));
}

Result<ChatTemplate> ChatTemplate::from_file(const gguf::File& file, const Tokenizer& tokenizer) {
  constexpr const char* key = "tokenizer.chat_template";
  const gguf::Entry* entry = file.find(key);
  if (entry == nullptr)
    return fail(errors::no_template, "the model has no chat template; expected the key '" + std::string(key) + "'",
                file.path().string(), "a base model continues a text; a template of your own can be given");
  const auto* source = std::get_if<std::string>(&entry->value);
  if (source == nullptr) return fail(errors::no_template, "the chat template is no text", key);
  return parse(*source, tokenizer);
}

Result<ChatText> ChatTemplate::render(const ChatInputs& inputs, const ChatLimits& limits) const try {
  Evaluator evaluator(parsed_->syntax, limits, inputs.now);
  Heap& heap = evaluator.runtime().heap();
  InputValues values(heap);
  evaluator.set_variable("messages", values.array(inputs.messages));
  evaluator.set_variable("tools", inputs.tools ? values.make(*inputs.tools) : Value());
  evaluator.set_variable("documents", Value());
  evaluator.set_variable("add_generation_prompt", inputs.add_generation_prompt);
  evaluator.set_variable("bos_token", heap.text(parsed_->begin));
  evaluator.set_variable("eos_token", heap.text(parsed_->end));
  for (const auto& [name, value] : inputs.variables) evaluator.set_variable(name, values.make(value));
  return in_pieces(evaluator.run());
} catch (const Failure& failure) {
  return as_error(failure);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to render the template", template_name);
}

Result<ChatSupport> ChatTemplate::probe() const {
  ChatSupport support;
  // The probe's result does not depend on the date; any will do.
  std::tm now{};
  now.tm_year = 124;
  now.tm_mday = 1;
  const auto rendered = [&](ChatValue::Array messages) -> Result<std::string> {
    ChatInputs inputs;
    inputs.messages = std::move(messages);
    inputs.now = now;
    MOBIEDIT_TRY(auto text, render(inputs));
    return text.text();
  };
  const auto message = [&](std::string_view role, std::string_view text) {
    return probe_message(role, text, support.content_as_parts);
  };
  const auto says = [](const Result<std::string>& text, std::string_view words) {
    return text && text->find(words) != std::string::npos;
  };

  const auto plain = rendered({message("user", user_probe)});
  if (!says(plain, user_probe)) {
    support.content_as_parts = true;
    if (!says(rendered({message("user", user_probe)}), user_probe)) {
      if (!plain) return std::unexpected(plain.error());
      return fail(ErrorCode::bad_model, "the text of a user's message does not appear in the rendering", template_name);
    }
  }

  const auto with_system = rendered({message("system", system_probe), message("user", user_probe)});
  if (!with_system) {
    support.system = SystemRole::refused;
    support.system_refusal = with_system.error().message();
  } else if (!says(with_system, system_probe)) {
    support.system = SystemRole::dropped;
  }

  const auto turns =
      rendered({message("user", user_probe), message("assistant", assistant_probe), message("user", last_probe)});
  const bool whole = says(turns, user_probe) && says(turns, assistant_probe) && says(turns, last_probe);
  if (!whole) {
    support.several_turns = false;
    support.turns_problem = turns ? "a message's text does not appear in the rendering" : turns.error().message();
  }
  return support;
}

}  // namespace mobiedit
