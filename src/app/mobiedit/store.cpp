// mobiedit store: dumps, loads and checks the whole store.
#include "app/common/verb.h"
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

Result<int> dump(const StoreVerb& verb) {
  MOBIEDIT_TRY(const auto store, open_store_to_read(verb.store));
  if (!store) return finished(print_result(""));
  return finished(store->dump(print_result));
}

Result<int> load(const StoreVerb& verb) {
  MOBIEDIT_TRY(const auto text, io::MappedFile::open(verb.file));
  const auto bytes = text.bytes();
  MOBIEDIT_TRY(auto store, open_store_to_write(verb.store, "mobiedit store load"));
  MOBIEDIT_TRY(const auto loaded, store.load({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, verb.file));
  if (verb.json) {
    return finished(print_json({{"schema", "mobiedit.store-load/1"},
                                {"store", store.path().string()},
                                {"added", loaded.added},
                                {"known", loaded.known}}));
  }
  return finished(print_result(
      fmt::format("{}: {} edits added, {} were there already\n", store.path().string(), loaded.added, loaded.known)));
}

Result<int> check(const StoreVerb& verb) {
  MOBIEDIT_TRY(const auto store, open_store_to_read(verb.store));
  std::vector<std::string> wrong;
  std::size_t edits = 0;
  if (store) {
    MOBIEDIT_TRY(auto found, store->check());
    wrong = std::move(found);
    MOBIEDIT_TRY(const auto list, store->list());
    edits = list.size();
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

void add_part(CLI::App& parent, Run& run, const char* name, const char* description,
              Result<int> (*action)(const StoreVerb&)) {
  const auto [verb, options] = add_verb(parent, run, name, description, action);
  add_store_option(*verb, options->store);
  if (action == load) {
    verb->add_option("FILE", options->file, "JSON Lines, as `dump` prints them")->required();
  }
  if (action != dump) verb->add_flag("--json", options->json, "Print one JSON document");
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
