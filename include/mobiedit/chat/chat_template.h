// Chat templates: the text in which a model wants to be asked, rendered by the model's own template.
//
// Templates are Jinja, and a file can hold any. The interpreter knows the part of Jinja that models use; anything else
// is an error that names the construct and its line. A template is untrusted: its depth, steps, memory and output are
// limited.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/model/tokenizer.h"

namespace mobiedit {

namespace gguf {
class File;
}

/// A value in the sense of JSON, which a template reads: messages, tools, variables. Objects keep their order.
struct ChatValue {
  using Array = std::vector<ChatValue>;
  using Object = std::vector<std::pair<std::string, ChatValue>>;
  std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Array, Object> value = nullptr;

  ChatValue() = default;
  ChatValue(std::nullptr_t) {}
  ChatValue(bool b) : value(b) {}
  ChatValue(int number) : value(std::int64_t{number}) {}
  ChatValue(std::int64_t number) : value(number) {}
  ChatValue(double number) : value(number) {}
  ChatValue(const char* text) : value(std::string(text)) {}
  ChatValue(std::string_view text) : value(std::string(text)) {}
  ChatValue(std::string text) : value(std::move(text)) {}
  ChatValue(Array array) : value(std::move(array)) {}
  ChatValue(Object object) : value(std::move(object)) {}
};

/// One message: {"role": …, "content": …}.
[[nodiscard]] ChatValue chat_message(std::string_view role, std::string_view content);

/// The variables that a template sees.
struct ChatInputs {
  ChatValue::Array messages;          ///< objects with "role" and "content", and what else the template reads
  std::optional<ChatValue> tools;     ///< none where not given
  bool add_generation_prompt = true;  ///< ends where the assistant's answer begins
  ChatValue::Object variables;        ///< further names: enable_thinking, documents, … ; they come last and win
  /// The time that `strftime_now` tells. Without it the template sees no such function.
  std::optional<std::tm> now;
};

/// A piece of a rendering. `input` marks text that came from messages, tools or variables: its bytes never count as
/// control tokens.
struct ChatPiece {
  std::string text;
  bool input = false;
};

/// A rendering, in pieces; neighbours differ in their mark.
struct ChatText {
  std::vector<ChatPiece> pieces;

  [[nodiscard]] std::string text() const;
};

/// Limits of one rendering.
struct ChatLimits {
  std::size_t steps = 2'000'000;   ///< nodes evaluated, and long work counted in them
  std::size_t memory = 64u << 20;  ///< bytes of all values that a rendering makes
  std::size_t output = 4u << 20;   ///< bytes of the rendering
  std::size_t range = 100'000;     ///< elements of one `range`
  std::size_t depth = 300;         ///< levels of evaluation, calls, printing
};

/// A template's way with a system message.
enum class SystemRole {
  rendered,
  refused,  ///< it raises an error
  dropped,  ///< the text does not appear in the rendering
};

/// Findings of `ChatTemplate::probe`.
struct ChatSupport {
  SystemRole system = SystemRole::rendered;
  std::string system_refusal;     ///< the template's own words where it refuses
  bool several_turns = true;      ///< user, assistant, user renders with all three texts
  std::string turns_problem;      ///< why not
  bool content_as_parts = false;  ///< the template reads content only as lists of {"type": "text", "text": …}
};

/// One message in the form that a template of this support reads: content as text, or as a list of one text part.
[[nodiscard]] ChatValue chat_message(const ChatSupport& support, std::string_view role, std::string_view content);

/// A parsed template. Immutable, and safe to share between threads.
class ChatTemplate {
 public:
  /// `begin` and `end` are the texts of the BOS and EOS tokens, as the template writes them. Errors: bad_model, with
  /// the line: what is no Jinja, or a construct that is not supported; out_of_memory.
  [[nodiscard]] static Result<ChatTemplate> parse(std::string_view source, std::string begin = {},
                                                  std::string end = {});
  /// With the BOS and EOS tokens of a tokenizer.
  [[nodiscard]] static Result<ChatTemplate> parse(std::string_view source, const Tokenizer& tokenizer);
  /// The template in `tokenizer.chat_template`. Errors: those of `parse`; bad_model where the file has none.
  [[nodiscard]] static Result<ChatTemplate> from_file(const gguf::File& file, const Tokenizer& tokenizer);

  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

  /// Errors: usage (the template refuses, in its own words), bad_model (it fails, with the line, or goes beyond a
  /// limit), out_of_memory.
  [[nodiscard]] Result<ChatText> render(const ChatInputs& inputs, const ChatLimits& limits = {}) const;

  /// Renders a lone user message, one with a system message, and several turns. Errors: those of `render` for the lone
  /// message; bad_model where its text does not come out.
  [[nodiscard]] Result<ChatSupport> probe() const;

 private:
  struct Parsed;
  explicit ChatTemplate(std::unique_ptr<const Parsed> parsed);
  std::unique_ptr<const Parsed> parsed_;
};

/// The ids of a rendering. Control tokens are taken from the template's own text alone; words run over the borders of
/// pieces. A BOS that the model wants comes first, once.
[[nodiscard]] std::vector<Token> tokens_of(const ChatText& text, const Tokenizer& tokenizer);

}  // namespace mobiedit
