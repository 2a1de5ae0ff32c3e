#include "app/mobiedit/answering_options.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "app/common/console.h"
#include "base/try.h"
#include "workspace/edit_list.h"

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
      MOBIEDIT_TRY(auto adapter, parse_adapter(text, list == &options.lora_scaled));
      adapters.push_back(std::move(adapter));
    }
  }
  return adapters;
}

Changes AnsweringChanges::all() const {
  Changes changes = kept;
  changes.adapters.insert(changes.adapters.begin(), named.begin(), named.end());
  return changes;
}

Result<AnsweringChanges> changes_of(const AnsweringOptions& options, const std::vector<AdapterFile>& adapters,
                                    const Model& model) {
  AnsweringChanges changes;
  MOBIEDIT_TRY(changes.named, load_adapters(model, adapters, warn));
  if (options.base || (!adapters.empty() && !options.edits)) return changes;
  const auto path = store_path(options.store);
  if (!path) return options.edits ? Result<AnsweringChanges>(std::unexpected(path.error())) : changes;
  std::error_code ignored;
  if (!options.edits && !std::filesystem::exists(*path, ignored)) return changes;
  MOBIEDIT_TRY(const auto store, open_store_to_read(options.store));
  if (!store) return changes;
  MOBIEDIT_TRY(const auto edits, store->in_force(model.fingerprint()));
  MOBIEDIT_TRY(changes.kept, mobiedit::changes_of(list_of(edits)));
  changes.edits = static_cast<int>(edits.size());
  return changes;
}

Result<std::string> text_or_input(const std::string& text) {
  if (text != "-") return text;
  std::string input;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(ErrorCode::io, std::string("cannot be read: ") + std::strerror(errno), "standard input");
    if (count == 0) break;
    input.append(buffer.data(), static_cast<std::size_t>(count));
  }
  if (input.ends_with('\n')) input.pop_back();
  return input;
}

Result<std::string> text_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::io, "cannot be opened", path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (file.bad()) return fail(ErrorCode::io, "cannot be read", path);
  return text;
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

std::string answer_text(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
  std::string answer(text);
  if (!answer.ends_with('\n')) answer += '\n';
  return answer;
}

}  // namespace mobiedit::cli
