// mobiedit list: the edits that are kept.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "app/common/console.h"
#include "app/common/model_options.h"
#include "app/mobiedit/edit_list.h"
#include "app/mobiedit/store_options.h"
#include "app/mobiedit/verbs.h"

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

int list(const ListVerb& verb) {
  std::optional<std::string> base;
  if (!verb.model.empty()) {
    const auto model = open_model({.model = verb.model});
    if (!model) return failed(model.error());
    base = model->fingerprint();
  }
  const auto store = open_store_to_read(verb.store);
  if (!store) return failed(store.error());
  std::vector<EditInfo> edits;
  if (*store) {
    auto found = (*store)->list(base);
    if (!found) return failed(found.error());
    edits = std::move(*found);
  }
  if (!verb.json) return finished(print_result(table(edits)));
  auto rows = nlohmann::ordered_json::array();
  for (const EditInfo& edit : edits) rows.push_back(summary_json(edit));
  nlohmann::ordered_json document{{"schema", "mobiedit.list/1"}};
  document["store"] = *store ? nlohmann::ordered_json((*store)->path().string()) : nlohmann::ordered_json();
  document["edits"] = std::move(rows);
  return finished(print_json(document));
}

}  // namespace

void add_list(CLI::App& app, Run& run) {
  auto options = std::make_shared<ListVerb>();
  CLI::App* verb = app.add_subcommand("list", "List the edits that are kept");
  add_store_option(*verb, options->store);
  verb->add_option("-m,--model", options->model, "Only those of this model");
  verb->add_flag("--json", options->json, "Print one JSON document");
  verb->callback([options, &run] { run = [options] { return list(*options); }; });
}

}  // namespace mobiedit::cli
