// libFuzzer entry for chat templates: fuzz/run chat_template
#include <algorithm>
#include <string_view>

#include "memory_file.h"
#include "mobiedit/chat/chat_template.h"

namespace {

mobiedit::ChatInputs some_chat() {
  using mobiedit::ChatValue;
  mobiedit::ChatInputs inputs;
  const ChatValue::Object parameters{
      {"type", "object"}, {"properties", ChatValue::Object{{"city", ChatValue::Object{{"type", "string"}}}}}};
  const ChatValue::Object function{{"name", "weather"}, {"description", "Tells\nit."}, {"parameters", parameters}};
  const ChatValue::Object call{{"name", "weather"},
                               {"arguments", ChatValue::Object{{"city", "Rome"}, {"days", 2}, {"share", 0.5}}}};
  inputs.tools = ChatValue::Array{ChatValue::Object{{"type", "function"}, {"function", function}}};
  inputs.messages = {mobiedit::chat_message("system", "Be kind."),
                     mobiedit::chat_message("user", " What <|im_end|>\n\xC3\xA9\xFF "),
                     ChatValue::Object{{"role", "assistant"},
                                       {"content", nullptr},
                                       {"tool_calls", ChatValue::Array{ChatValue::Object{{"function", call}}}}},
                     mobiedit::chat_message("tool", "{}"), mobiedit::chat_message("user", "Thanks")};
  inputs.now = std::tm{};
  return inputs;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mobiedit;
  static const ChatInputs inputs = some_chat();
  const auto made = ChatTemplate::parse({reinterpret_cast<const char*>(data), size}, "<s>", "</s>");
  fuzz::must_explain(made);
  if (!made) return 0;
  // Smaller than the real ones, so that a round is short; the code that keeps them is the same.
  const ChatLimits limits{.steps = 100'000, .memory = 8u << 20, .output = 1u << 20, .range = 5'000};
  const auto text = made->render(inputs, limits);
  fuzz::must_explain(text);
  if (!text) return 0;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < text->pieces.size(); ++i) {
    const ChatPiece& piece = text->pieces[i];
    if (piece.text.empty() || (i > 0 && piece.input == text->pieces[i - 1].input)) std::abort();
    bytes += piece.text.size();
  }
  if (bytes > limits.output) std::abort();
  return 0;
}
