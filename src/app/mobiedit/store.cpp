// mobiedit store: the whole store as text, there and back, and whether it is sound.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "app/common/console.h"
#include "app/common/exit_code.h"
#include "app/mobiedit/store_options.h"
#include "app/mobiedit/verbs.h"
#include "io/mapped_file.h"

namespace mobiedit::cli {
namespace {

struct StoreVerb {
  StoreOptions store;
  std::string file;
  bool json = false;
};

int dump(const StoreVerb& verb) {
  const auto store = open_store_to_read(verb.store);
  if (!store) return failed(store.error());
  if (!*store) return finished(print_result(""));
  return finished((*store)->dump(print_result));
}

int load(const StoreVerb& verb) {
  const auto text = io::MappedFile::open(verb.file);
  if (!text) return failed(text.error());
  const auto bytes = text->bytes();
  auto store = open_store_to_write(verb.store, "mobiedit store load");
  if (!store) return failed(store.error());
  const auto loaded = store->load({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, verb.file);
  if (!loaded) return failed(loaded.error());
  if (verb.json) {
    return finished(print_json({{"schema", "mobiedit.store-load/1"},
                                {"store", store->path().string()},
                                {"added", loaded->added},
                                {"known", loaded->known}}));
  }
  return finished(print_result(fmt::format("{}: {} edits added, {} were there already\n", store->path().string(),
                                           loaded->added, loaded->known)));
}

int check(const StoreVerb& verb) {
  const auto store = open_store_to_read(verb.store);
  if (!store) return failed(store.error());
  std::vector<std::string> wrong;
  std::size_t edits = 0;
  if (*store) {
    auto found = (*store)->check();
    if (!found) return failed(found.error());
    wrong = std::move(*found);
    const auto list = (*store)->list();
    if (!list) return failed(list.error());
    edits = list->size();
  }
  const int code = wrong.empty() ? exit_done : exit_bad_model;
  if (verb.json) {
    return finished(print_json({{"schema", "mobiedit.store-check/1"}, {"edits", edits}, {"wrong", wrong}}), code);
  }
  std::string text;
  for (const std::string& line : wrong) text += line + "\n";
  text += wrong.empty() ? fmt::format("{} edits, all sound\n", edits) : fmt::format("{} faults\n", wrong.size());
  return finished(print_result(text), code);
}

void add_part(CLI::App& parent, Run& run, const char* name, const char* description, int (*action)(const StoreVerb&)) {
  auto options = std::make_shared<StoreVerb>();
  CLI::App* verb = parent.add_subcommand(name, description);
  add_store_option(*verb, options->store);
  if (action == load) {
    verb->add_option("FILE", options->file, "JSON Lines, as `dump` prints them")->required();
  }
  if (action != dump) verb->add_flag("--json", options->json, "Print one JSON document");
  verb->callback([options, &run, action] { run = [options, action] { return action(*options); }; });
}

}  // namespace

void add_store(CLI::App& app, Run& run) {
  CLI::App* verb = app.add_subcommand("store", "Dump, load or check the store of edits");
  verb->require_subcommand(1);
  add_part(*verb, run, "dump", "Print every edit, a line of JSON each", dump);
  add_part(*verb, run, "load", "Add what `dump` printed, all or nothing", load);
  add_part(*verb, run, "check", "Read everything and say what is wrong", check);
}

}  // namespace mobiedit::cli
