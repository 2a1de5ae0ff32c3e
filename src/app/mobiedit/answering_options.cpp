#include "app/mobiedit/answering_options.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "app/common/console.h"
#include "base/try.h"
#include "io/read_all.h"

namespace mobiedit::cli {

void add_answering_options(CLI::App& verb, AnsweringOptions& options) {
  add_run_options(verb, options.run);
  add_context_option(verb, options.run);
  verb.add_option("--lora", options.lora, "An adapter, FILE or FILE:SCALE; may be given again");
  verb.add_option("--lora-scaled", options.lora_scaled, "An adapter with its scale, FILE:SCALE");
  add_store_option(verb, options.store);
  auto* edits = verb.add_flag("--edits", options.edits, "With the kept edits of this model, beside an adapter too");
  verb.add_flag("--base", options.base, "Without the kept edits of this model")->excludes(edits);
  verb.add_option("-n,--predict", options.generate.max_tokens,
                  "Tokens to generate at most (default " + std::to_string(options.generate.max_tokens) + ")")
      ->envname("MOBIEDIT_N_PREDICT")
      ->check(CLI::Range(0, 1 << 24));
  verb.add_option("--temp", options.generate.temperature, "Temperature (default 0: always the most probable token)")
      ->envname("MOBIEDIT_TEMP")
      ->check(CLI::Range(0.0, 100.0));
  verb.add_option("-s,--seed", options.generate.seed, "Seed of sampling (default 0)")->envname("MOBIEDIT_SEED");
  verb.add_option("--stop", options.generate.stop, "End the answer before this text; may be given again")
      ->take_all()
      ->allow_extra_args(false);
}

Result<std::vector<AdapterFile>> adapters_of(const AnsweringOptions& options) {
  std::vector<AdapterFile> adapters;
  for (const auto* list : {&options.lora, &options.lora_scaled}) {
    for (const std::string& text : *list) {
      MOBIEDIT_TRY(auto adapter, adapter_file(text, list == &options.lora_scaled));
      adapters.push_back(std::move(adapter));
    }
  }
  return adapters;
}

Result<SessionChanges> changes_of(const AnsweringOptions& options, const std::vector<AdapterFile>& adapters,
                                  const Model& model) {
  MOBIEDIT_TRY(auto named, load_adapters(model, adapters, warn));
  std::vector<Edit> edits;
  if (!options.base && (adapters.empty() || options.edits)) {
    MOBIEDIT_TRY(const auto store,
                 open_store_to_read(options.store, options.edits ? StoreUse::read : StoreUse::read_if_there));
    if (store) {
      MOBIEDIT_TRY(edits, store->in_force(model.fingerprint()));
    }
  }
  return session_changes(std::move(named), edits);
}

Result<std::string> text_or_input(const std::string& text) {
  if (text != "-") return text;
  MOBIEDIT_TRY(std::string input, io::read_all(STDIN_FILENO, "standard input"));
  if (input.ends_with('\n')) input.pop_back();
  return input;
}

bool output_is_terminal() {
  return ::isatty(STDOUT_FILENO) == 1;
}
bool input_is_terminal() {
  return ::isatty(STDIN_FILENO) == 1;
}

void AnswerPrinter::print(std::string_view text) {
  if (!begun_) text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
  if (text.empty() || !status_) return;
  begun_ = true;
  line_ended_ = text.ends_with('\n');
  status_ = print_result(text);
}

Status AnswerPrinter::finish() {
  if (status_ && !line_ended_) status_ = print_result("\n");
  return status_;
}

}  // namespace mobiedit::cli
