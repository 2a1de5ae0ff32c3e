// mobiedit show: one edit, with its evidence and its origin.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/common/console.h"
#include "app/mobiedit/edit_list.h"
#include "app/mobiedit/edit_report.h"
#include "app/mobiedit/store_options.h"
#include "app/mobiedit/verbs.h"

namespace mobiedit::cli {
namespace {

struct ShowVerb {
  StoreOptions store;
  std::int64_t id = 0;
  bool json = false;
};

int show(const ShowVerb& verb) {
  const auto store = open_store_to_read(verb.store);
  if (!store) return failed(store.error());
  if (!*store) return failed({ErrorCode::usage, "there are no edits yet", "", ""});
  const auto stored = (*store)->get(verb.id);
  if (!stored) return failed(stored.error());
  const auto edits = (*store)->list(stored->origin.base.fingerprint);
  if (!edits) return failed(edits.error());
  const auto summary = std::ranges::find(*edits, verb.id, &EditInfo::id);
  if (summary == edits->end()) return failed({ErrorCode::usage, fmt::format("there is no edit {}", verb.id), "", ""});
  if (verb.json) {
    nlohmann::ordered_json document{{"schema", "mobiedit.show/1"}};
    document.update(summary_json(*summary));
    document["method"] = stored->origin.method;
    document["seed"] = stored->origin.seed;
    document["origin"] = origin_json(stored->origin);
    document["evidence"] = evidence_json(*stored);
    return finished(print_json(document));
  }
  std::string text = evidence_text(*stored);
  text += fmt::format("  edit {}, {}, made {} UTC by {} with seed {}\n", stored->id, state_text(*summary),
                      time_text(stored->origin.made_at), stored->origin.method, stored->origin.seed);
  text += fmt::format("  of {} ({}), {}\n", stored->origin.base.name.empty() ? "a model" : stored->origin.base.name,
                      stored->origin.base.architecture, stored->origin.base.fingerprint);
  return finished(print_result(text));
}

}  // namespace

void add_show(CLI::App& app, Run& run) {
  auto options = std::make_shared<ShowVerb>();
  CLI::App* verb = app.add_subcommand("show", "Show what is known of an edit");
  add_store_option(*verb, options->store);
  verb->add_option("ID", options->id, "As `mobiedit list` shows it")->required();
  verb->add_flag("--json", options->json, "Print one JSON document");
  verb->callback([options, &run] { run = [options] { return show(*options); }; });
}

}  // namespace mobiedit::cli
