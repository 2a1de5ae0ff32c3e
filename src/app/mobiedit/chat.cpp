// mobiedit chat: a conversation with a model in its chat format, or one turn of it.
#include <ctime>
#include <optional>

#include "app/common/verb.h"
#include "app/mobiedit/chat_options.h"
#include "app/mobiedit/verbs.h"
#include "io/read_all.h"
#include "mobiedit/chat/messages.h"
#include "workspace/documents.h"

namespace mobiedit::cli {
namespace {

constexpr std::string_view no_format =
    "{% for message in messages %}{{ message.content }}{% if not loop.last %}\n{% endif %}{% endfor %}";

Result<ChatTemplate> template_of(const ChatSettings& settings, const Model& model) {
  const std::string& named = settings.chat_template;
  if (named == "none") return ChatTemplate::parse(no_format);
  if (named.empty()) {
    auto own = ChatTemplate::from_file(model.file(), model.tokenizer());
    if (!own) own.error().hint = "--chat-template FILE gives another template, --chat-template none uses no format";
    return own;
  }
  MOBIEDIT_TRY(const auto source, io::read_all(named));
  auto parsed = ChatTemplate::parse(source, model.tokenizer());
  if (!parsed) parsed.error().where = named + ": " + parsed.error().where;
  return parsed;
}

std::tm local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm time{};
  ::localtime_r(&now, &time);
  return time;
}

Result<int> one_turn(const ChatSettings& settings, Chat& chat, const SessionChanges& changes,
                     const CancelToken& cancel) {
  const bool json = settings.answering.run.json;
  AnswerPrinter printer;
  const bool streams = !json && output_is_terminal();
  const auto on_text = [&](std::string_view text) {
    if (streams) printer.print(text);
  };
  ChatValue::Array messages = chat.messages();
  if (!settings.messages.empty()) {
    MOBIEDIT_TRY(const auto text, io::read_all(settings.messages));
    MOBIEDIT_TRY(const auto given, messages_from_json(text, settings.messages));
    messages.insert(messages.end(), given.begin(), given.end());
  }
  std::optional<std::string> prompt;
  if (!settings.prompt.empty()) {
    MOBIEDIT_TRY(prompt, text_or_input(settings.prompt));
    messages.push_back(chat.message("user", *prompt));
  }
  MOBIEDIT_TRY(const auto answer, chat.answer(messages, on_text, cancel));
  if (answer.ended && answer.text.find_first_not_of(" \n") == std::string::npos)
    say("the answer is empty: the model ended its turn at once");
  if (json) {
    MOBIEDIT_TRY(const auto rendered, chat.render(messages));
    return finished(print_json(
        chat_json(settings.answering.run.model, settings.system, prompt, rendered.text(), answer, changes.edits)));
  }
  if (!streams) printer.print(answer.text);
  return finished(printer.finish());
}

Result<int> chat(const ChatSettings& settings) {
  const AnsweringOptions& answering = settings.answering;
  const CancelToken cancel = catch_interrupts();
  const bool turn = !settings.prompt.empty() || !settings.messages.empty();
  if (answering.run.json && !turn)
    return fail(ErrorCode::usage, "--json is for one turn", "", "give -p PROMPT or --messages FILE");
  MOBIEDIT_TRY(const auto adapters, adapters_of(answering));
  MOBIEDIT_TRY(const auto model, open_model(answering.run));
  MOBIEDIT_TRY(auto format, template_of(settings, model));
  MOBIEDIT_TRY(auto session, at("--ctx-size", Session::create(model, answering.run.session())));
  MOBIEDIT_TRY(auto changes, changes_of(answering, adapters, model));
  MOBIEDIT_CHECK(session.set_in_force(changes.all()));

  ChatOptions options;
  options.generate = answering.generate;
  options.now = local_time();
  MOBIEDIT_TRY(auto opened, Chat::create(model, session, std::move(format), std::move(options)));
  if (!settings.system.empty()) {
    MOBIEDIT_CHECK(at("--system", opened.set_system(settings.system)));
  }
  if (turn) return one_turn(settings, opened, changes, cancel);
  return converse(settings, session, opened, std::move(changes));
}

}  // namespace

void add_chat(CLI::App& app, Run& run) {
  const auto [verb, settings] = add_verb(app, run, "chat", "Talk with a chat model in its own format", chat);
  settings->answering.generate.max_tokens = 512;
  add_answering_options(*verb, settings->answering);
  verb->add_option("-p,--prompt", settings->prompt, "One question, or - for standard input; without it: a conversation")
      ->envname("MOBIEDIT_PROMPT");
  verb->add_option("--messages", settings->messages, "Messages of a JSON file, answered as one turn; -p adds one");
  verb->add_option("--system", settings->system, "The system message")->envname("MOBIEDIT_SYSTEM");
  verb->add_option("--chat-template", settings->chat_template,
                   "A chat template in place of the model's: a file, or none for text without a format");
}

}  // namespace mobiedit::cli
