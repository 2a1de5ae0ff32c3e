// A conversation with a model in the format that its chat template gives.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/chat/chat_template.h"
#include "mobiedit/model/model.h"
#include "mobiedit/model/session.h"

namespace mobiedit {

struct ChatOptions {
  GenerateOptions generate{.max_tokens = 512, .stop = {}};
  std::optional<ChatValue> tools;
  ChatValue::Object variables;  ///< for the template: enable_thinking, …
  /// The time that the template shows: one for the whole conversation, so that its first tokens never change.
  std::optional<std::tm> now;
};

struct ChatAnswer {
  std::string text;
  bool ended = false;     ///< the model ended its turn
  bool stopped = false;   ///< a stop string ended it
  int prompt_tokens = 0;  ///< tokens of the whole conversation so far
  int reused_tokens = 0;  ///< number of them that the KV cache held already
  int answer_tokens = 0;
};

/// Keeps the messages and reads only those tokens that the KV cache doesn't hold yet. Borrows model and session, which
/// must outlive it. One thread at a time.
class Chat {
 public:
  /// Probes the template. Errors: those of ChatTemplate::probe.
  [[nodiscard]] static Result<Chat> create(const Model& model, Session& session, ChatTemplate format,
                                           ChatOptions options = {});

  Chat(Chat&&) noexcept;
  Chat& operator=(Chat&&) noexcept;
  ~Chat();

  [[nodiscard]] const ChatSupport& support() const;
  [[nodiscard]] ChatOptions& options();
  /// The conversation so far, a system message first where there is one.
  [[nodiscard]] const ChatValue::Array& messages() const;

  /// A message as the template reads it.
  [[nodiscard]] ChatValue message(std::string_view role, std::string_view text) const;
  /// The text that the model reads for these messages. Errors: those of ChatTemplate::render.
  [[nodiscard]] Result<ChatText> render(const ChatValue::Array& messages) const;

  /// Sets or replaces the system message; an empty one removes it. Errors: usage (the template refuses or drops system
  /// messages); then nothing changed.
  [[nodiscard]] Status set_system(std::string_view text);

  /// Adds a user's message and the model's answer. `on_text` gets the answer as it comes, in whole characters, and may
  /// be empty. Errors: those of ChatTemplate::render, usage (longer than the context), cancelled, out_of_memory; then
  /// the conversation is what it was.
  [[nodiscard]] Result<ChatAnswer> say(std::string_view text, const std::function<void(std::string_view)>& on_text = {},
                                       const CancelToken& cancel = {});
  /// Takes back the last user's message and its answer. False where there is none.
  bool undo();

  /// Answers any messages, whatever the conversation is, which stays as it was. Errors: those of `say`.
  [[nodiscard]] Result<ChatAnswer> answer(const ChatValue::Array& messages,
                                          const std::function<void(std::string_view)>& on_text = {},
                                          const CancelToken& cancel = {});

 private:
  struct State;
  explicit Chat(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mobiedit
