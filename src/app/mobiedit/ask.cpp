// mobiedit ask: continues a prompt.
#include <cmath>

#include "app/common/verb.h"
#include "app/mobiedit/answering_options.h"
#include "app/mobiedit/verbs.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/model/session.h"
#include "model/sampling.h"
#include "workspace/documents.h"

namespace mobiedit::cli {
namespace {

struct AskOptions {
  AnsweringOptions answering;
  std::string prompt;
  int top = 0;
};

std::string as_text(const std::vector<TokenProbability>& top, const Tokenizer& tokenizer) {
  std::string text;
  for (const TokenProbability& candidate : top) {
    const Json piece = tokenizer.piece(candidate.token, true);
    text += fmt::format("{:8.4f} %  {}\n", 100 * std::exp(candidate.log_probability),
                        piece.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  return text;
}

/// Says on stderr where the prompt or the answer is unlikely to be as meant.
void note_on(const Model& model, const std::string& prompt, const Generation& generation) {
  const Tokenizer& tokenizer = model.tokenizer();
  const bool chat_model = model.file().find("tokenizer.chat_template") != nullptr;
  const bool formatted = tokenizer.encode(prompt) != tokenizer.encode(prompt, {.parse_special = true});
  const auto last = prompt.find_last_not_of(" \n\t");
  if (chat_model && !formatted && last != std::string::npos && prompt[last] == '?')
    say("this is a chat model, and the question is outside its chat format; `mobiedit chat` asks in it");
  if (generation.ended && generation.text.find_first_not_of(" \n") == std::string::npos)
    say("the answer is empty: the model ended the text at once");
}

Result<int> ask(const AskOptions& options) {
  const AnsweringOptions& answering = options.answering;
  const CancelToken cancel = catch_interrupts();
  MOBIEDIT_TRY(const auto adapters, adapters_of(answering));
  MOBIEDIT_TRY(const auto prompt, text_or_input(options.prompt));
  MOBIEDIT_TRY(const auto model, open_model(answering.run));
  MOBIEDIT_TRY(auto session, at("--ctx-size", Session::create(model, answering.run.session())));
  MOBIEDIT_TRY(const auto changes, changes_of(answering, adapters, model));
  MOBIEDIT_CHECK(session.set_in_force(changes.all()));

  const Tokenizer& tokenizer = model.tokenizer();
  MOBIEDIT_CHECK(at("--prompt", session.append(tokenizer.encode(prompt, {.parse_special = true}), cancel)));
  const auto top = options.top > 0 ? most_probable(session.logits(), options.top) : std::vector<TokenProbability>{};
  AnswerPrinter printer;
  const bool streams = !answering.run.json && output_is_terminal();
  const auto generation = session.generate(
      answering.generate,
      [&](std::string_view text) {
        if (streams) printer.print(text);
      },
      cancel);
  if (!generation) return std::unexpected(generation.error());
  note_on(model, prompt, *generation);
  if (answering.run.json)
    return finished(
        print_json(answer_json(answering.run.model, prompt, *generation, options.top > 0 ? &top : nullptr, tokenizer)));
  if (!streams) printer.print(generation->text);
  const Status printed = printer.finish();
  if (!printed || top.empty()) return finished(printed);
  return finished(print_result(as_text(top, tokenizer)));
}

}  // namespace

void add_ask(CLI::App& app, Run& run) {
  const auto [verb, options] = add_verb(app, run, "ask", "Continue a prompt", ask);
  options->answering.generate.max_tokens = 32;
  add_answering_options(*verb, options->answering);
  verb->add_option("-p,--prompt", options->prompt, "The text to continue, or - for standard input")
      ->required()
      ->envname("MOBIEDIT_PROMPT");
  verb->add_option("--top", options->top, "Show the K most probable next tokens")->check(CLI::Range(0, 1 << 20));
}

}  // namespace mobiedit::cli
