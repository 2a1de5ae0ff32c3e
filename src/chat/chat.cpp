#include "mobiedit/chat/chat.h"

#include <algorithm>
#include <new>
#include <utility>

#include "base/try.h"
#include "mobiedit/chat/errors.h"

namespace mobiedit {

struct Chat::State {
  State(const Model& m, Session& s, ChatTemplate f, ChatOptions o)
      : model(m), session(s), format(std::move(f)), options(std::move(o)) {}

  [[nodiscard]] ChatValue message(std::string_view role, std::string_view text) const {
    return chat_message(support, role, text);
  }

  [[nodiscard]] Result<ChatText> render(const ChatValue::Array& asked) const {
    ChatInputs inputs;
    inputs.messages = asked;
    inputs.tools = options.tools;
    inputs.variables = options.variables;
    inputs.now = options.now;
    return format.render(inputs);
  }

  /// Lets the session read `tokens`, and keeps what it has read as far as both agree. Gives the length of that common
  /// beginning.
  Result<int> read_prompt(const std::vector<Token>& tokens, const CancelToken& cancel) {
    if (tokens.empty()) return fail(ErrorCode::usage, "the conversation gives no tokens");
    // Others may have used the session, or changed its adapters.
    if (session.position() != static_cast<int>(read.size())) forget();
    const auto [ours, theirs] = std::ranges::mismatch(read, tokens);
    // The last token is read again where all are known, for its logits.
    const auto common = std::min(ours - read.begin(), static_cast<std::ptrdiff_t>(tokens.size()) - 1);
    MOBIEDIT_CHECK(session.rewind(static_cast<int>(common)));
    read.resize(static_cast<std::size_t>(common));
    const auto rest = std::span(tokens).subspan(static_cast<std::size_t>(common));
    MOBIEDIT_CHECK(session.append(rest, cancel));
    read.insert(read.end(), rest.begin(), rest.end());
    return static_cast<int>(common);
  }

  void forget() {
    session.clear();
    read.clear();
  }

  const Model& model;
  Session& session;
  ChatTemplate format;
  ChatOptions options;
  ChatSupport support;
  ChatValue::Array messages;
  bool has_system = false;
  std::vector<Token> read;  ///< tokens in the session's KV cache
};

Chat::Chat(std::unique_ptr<State> state) : state_(std::move(state)) {}
Chat::Chat(Chat&&) noexcept = default;
Chat& Chat::operator=(Chat&&) noexcept = default;
Chat::~Chat() = default;

Result<Chat> Chat::create(const Model& model, Session& session, ChatTemplate format, ChatOptions options) try {
  MOBIEDIT_TRY(auto support, format.probe());
  auto state = std::make_unique<State>(model, session, std::move(format), std::move(options));
  state->support = std::move(support);
  state->session.clear();
  return Chat(std::move(state));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for a conversation");
}

const ChatSupport& Chat::support() const {
  return state_->support;
}
ChatOptions& Chat::options() {
  return state_->options;
}
const ChatValue::Array& Chat::messages() const {
  return state_->messages;
}

ChatValue Chat::message(std::string_view role, std::string_view text) const {
  return state_->message(role, text);
}
Result<ChatText> Chat::render(const ChatValue::Array& messages) const {
  return state_->render(messages);
}

Status Chat::set_system(std::string_view text) {
  State& s = *state_;
  if (!text.empty() && s.support.system != SystemRole::rendered) {
    const bool refused = s.support.system == SystemRole::refused;
    return fail(chat::errors::no_system,
                refused ? "this model takes no system message: " + s.support.system_refusal
                        : "this model's chat template leaves system messages out",
                "system message", "say it in the first message");
  }
  if (s.has_system) s.messages.erase(s.messages.begin());
  s.has_system = !text.empty();
  if (s.has_system) s.messages.insert(s.messages.begin(), s.message("system", text));
  return {};
}

Result<ChatAnswer> Chat::say(std::string_view text, const std::function<void(std::string_view)>& on_text,
                             const CancelToken& cancel) {
  State& s = *state_;
  if (!s.support.several_turns && s.messages.size() > (s.has_system ? 1u : 0u))
    return fail(chat::errors::one_turn, "this model's chat template holds one turn alone: " + s.support.turns_problem,
                "chat template");
  s.messages.push_back(s.message("user", text));
  auto answered = answer(s.messages, on_text, cancel);
  if (answered) {
    s.messages.push_back(s.message("assistant", answered->text));
  } else {
    s.messages.pop_back();
  }
  return answered;
}

bool Chat::undo() {
  State& s = *state_;
  if (s.messages.size() < (s.has_system ? 3u : 2u)) return false;
  s.messages.resize(s.messages.size() - 2);
  return true;
}

Result<ChatAnswer> Chat::answer(const ChatValue::Array& messages, const std::function<void(std::string_view)>& on_text,
                                const CancelToken& cancel) try {
  State& s = *state_;
  MOBIEDIT_TRY(const auto text, s.render(messages));
  const std::vector<Token> tokens = tokens_of(text, s.model.tokenizer());
  const auto reused = s.read_prompt(tokens, cancel);
  if (!reused) {
    s.forget();
    return std::unexpected(reused.error());
  }
  const auto generation = s.session.generate(s.options.generate, on_text, cancel);
  if (!generation) {
    s.forget();
    return std::unexpected(generation.error());
  }
  // The last token of an answer that was cut off has not been read.
  const auto read_of_answer = static_cast<std::size_t>(s.session.position()) - s.read.size();
  s.read.insert(s.read.end(), generation->tokens.begin(),
                generation->tokens.begin() + static_cast<std::ptrdiff_t>(read_of_answer));
  ChatAnswer answer;
  answer.text = generation->text;
  answer.ended = generation->ended;
  answer.stopped = generation->stopped;
  answer.prompt_tokens = static_cast<int>(tokens.size());
  answer.reused_tokens = *reused;
  answer.answer_tokens = static_cast<int>(generation->tokens.size());
  return answer;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the conversation");
}

}  // namespace mobiedit
