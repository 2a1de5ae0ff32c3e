// mobiedit list: the edits that are kept.
#include <optional>

#include "app/common/model_options.h"
#include "app/common/verb.h"
#include "app/mobiedit/edit_report.h"
#include "app/mobiedit/store_options.h"
#include "app/mobiedit/verbs.h"
#include "workspace/documents.h"

namespace mobiedit::cli {
namespace {

struct ListVerb {
  StoreOptions store;
  std::string model;
  bool json = false;
};

std::string table(const std::vector<EditInfo>& edits) {
  if (edits.empty()) return "no edits\n";
  std::string text;
  const BaseModel* base = nullptr;
  for (const EditInfo& edit : edits) {
    if (base == nullptr || base->fingerprint != edit.base.fingerprint) {
      base = &edit.base;
      text += fmt::format("{} ({}):\n", base->name.empty() ? base->architecture : base->name, base->fingerprint);
    }
    text += fmt::format("{:>6}  {}  {:<14} {}\n", edit.id, time_text(edit.made_at), state_text(edit), fact_text(edit));
  }
  return text;
}

Result<int> list(const ListVerb& verb) {
  std::optional<std::string> base;
  if (!verb.model.empty()) {
    MOBIEDIT_TRY(const auto model, open_model({.model = verb.model}));
    base = model.fingerprint();
  }
  MOBIEDIT_TRY(const auto store, open_store_to_read(verb.store));
  std::vector<EditInfo> edits;
  if (store) {
    MOBIEDIT_TRY(auto found, store->list(base));
    edits = std::move(found);
  }
  if (!verb.json) return finished(print_result(table(edits)));
  return finished(print_json(list_json(store ? store->path() : std::filesystem::path(), edits)));
}

}  // namespace

void add_list(CLI::App& app, Run& run) {
  const auto [verb, options] = add_verb(app, run, "list", "List the edits that are kept", list);
  add_store_option(*verb, options->store);
  verb->add_option("-m,--model", options->model, "Only those of this model");
  verb->add_flag("--json", options->json, "Print one JSON document");
}

}  // namespace mobiedit::cli
