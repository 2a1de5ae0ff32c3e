// mobiedit chat: a conversation with a model in its chat format, or one turn of it.
#include <CLI/CLI.hpp>
#include <ctime>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "app/common/console.h"
#include "app/common/interrupt.h"
#include "app/mobiedit/chat_options.h"
#include "app/mobiedit/verbs.h"

namespace mobiedit::cli {
namespace {

using Json = nlohmann::ordered_json;

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
  std::ifstream file(named, std::ios::binary);
  if (!file) return fail(ErrorCode::io, "cannot be opened", named);
  const std::string source{std::istreambuf_iterator<char>(file), {}};
  if (file.bad()) return fail(ErrorCode::io, "cannot be read", named);
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

int one_turn(const ChatSettings& settings, Chat& chat, const Changes& changes, const CancelToken& cancel) {
  const bool json = settings.answering.run.json;
  AnswerPrinter printer;
  const bool streams = !json && output_is_terminal();
  const auto on_text = [&](std::string_view text) {
    if (streams) printer.print(text);
  };
  ChatValue::Array messages = chat.messages();
  if (!settings.messages.empty()) {
    auto given = read_messages(settings.messages);
    if (!given) return failed(given.error());
    messages.insert(messages.end(), given->begin(), given->end());
  }
  Json document{{"schema", "mobiedit.chat/1"}, {"model", settings.answering.run.model}};
  if (!settings.system.empty()) document["system"] = settings.system;
  if (!settings.prompt.empty()) {
    const auto prompt = text_or_input(settings.prompt);
    if (!prompt) return failed(prompt.error());
    document["prompt"] = *prompt;
    messages.push_back(chat.message("user", *prompt));
  }
  const auto answer = chat.answer(messages, on_text, cancel);
  if (!answer) return failed(answer.error());
  if (answer->ended && answer->text.find_first_not_of(" \n") == std::string::npos)
    say("the answer is empty: the model ended its turn at once");
  if (!json) return finished(streams ? printer.finish() : print_result(answer_text(answer->text)));
  const auto rendered = chat.render(messages);
  if (!rendered) return failed(rendered.error());
  document["rendered"] = rendered->text();
  document["text"] = answer->text;
  document["ended"] = answer->ended;
  document["stopped"] = answer->stopped;
  document["edits_in_force"] = changes.edits;
  document["usage"] = {{"prompt_tokens", answer->prompt_tokens},
                       {"completion_tokens", answer->answer_tokens},
                       {"total_tokens", answer->prompt_tokens + answer->answer_tokens}};
  return finished(print_json(document));
}

int chat(const ChatSettings& settings) {
  const AnsweringOptions& answering = settings.answering;
  const CancelToken cancel = catch_interrupts();
  const bool turn = !settings.prompt.empty() || !settings.messages.empty();
  if (answering.run.json && !turn)
    return failed({ErrorCode::usage, "--json is for one turn", "", "give -p PROMPT or --messages FILE"});
  const auto adapters = adapters_of(answering);
  if (!adapters) return failed(adapters.error());
  const auto model = open_model(answering.run);
  if (!model) return failed(model.error());
  auto format = template_of(settings, *model);
  if (!format) return failed(format.error());
  auto session = Session::create(*model, answering.run.session());
  if (!session) return failed(session.error(), "--ctx-size");
  auto changes = changes_of(answering, *adapters, *model);
  if (!changes) return failed(changes.error());
  if (auto set = session->set_adapters(changes->deltas); !set) return failed(set.error());

  ChatOptions options;
  options.generate = answering.generate;
  options.now = local_time();
  auto opened = Chat::create(*model, *session, std::move(*format), std::move(options));
  if (!opened) return failed(opened.error());
  if (!settings.system.empty()) {
    if (auto set = opened->set_system(settings.system); !set) return failed(set.error(), "--system");
  }
  if (turn) return one_turn(settings, *opened, *changes, cancel);
  return converse(settings, *session, *opened, std::move(*changes));
}

}  // namespace

void add_chat(CLI::App& app, Run& run) {
  auto settings = std::make_shared<ChatSettings>();
  settings->answering.generate.max_tokens = 512;
  CLI::App* verb = app.add_subcommand("chat", "Talk with a chat model in its own format");
  add_answering_options(*verb, settings->answering);
  verb->add_option("-p,--prompt", settings->prompt, "One question, or - for standard input; without it: a conversation")
      ->envname("MOBIEDIT_PROMPT");
  verb->add_option("--messages", settings->messages, "Messages of a JSON file, answered as one turn; -p adds one");
  verb->add_option("--system", settings->system, "The system message")->envname("MOBIEDIT_SYSTEM");
  verb->add_option("--chat-template", settings->chat_template,
                   "A chat template in place of the model's: a file, or none for text without a format");
  verb->callback([settings, &run] { run = [settings] { return chat(*settings); }; });
}

}  // namespace mobiedit::cli
