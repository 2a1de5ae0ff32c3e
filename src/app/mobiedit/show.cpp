// mobiedit show: one edit, with its evidence and its origin.
#include <algorithm>

#include "app/common/verb.h"
#include "app/mobiedit/edit_report.h"
#include "app/mobiedit/store_options.h"
#include "app/mobiedit/verbs.h"
#include "mobiedit/base/prompt.h"
#include "mobiedit/eval/measure.h"
#include "workspace/documents.h"
#include "workspace/found_with.h"

namespace mobiedit::cli {
namespace {

struct ShowVerb {
  StoreOptions store;
  std::int64_t id = 0;
  bool json = false;
};

Result<int> show(const ShowVerb& verb) {
  MOBIEDIT_TRY(const auto store, open_store_to_read(verb.store));
  if (!store) return fail(ErrorCode::usage, "there are no edits yet", "", "");
  MOBIEDIT_TRY(const auto stored, store->get(verb.id));
  MOBIEDIT_TRY(const auto edits, store->list(stored.origin.base.fingerprint));
  const auto summary = std::ranges::find(edits, verb.id, &EditInfo::id);
  if (summary == edits.end()) return fail(ErrorCode::usage, fmt::format("there is no edit {}", verb.id), "", "");
  if (verb.json) return finished(print_json(show_json(*summary, stored, edits)));
  std::string text = evidence_text(stored);
  text += fmt::format("  edit {}, {}, made {} UTC by {} with seed {}\n", stored.id, state_text(*summary),
                      time_text(stored.origin.made_at), stored.origin.method, stored.origin.seed);
  text += fmt::format("  of {} ({}), {}\n", stored.origin.base.name.empty() ? "a model" : stored.origin.base.name,
                      stored.origin.base.architecture, stored.origin.base.fingerprint);
  for (const auto& [fact, id] : found_with(stored, edits)) {
    text += fmt::format("  found together with {}{} ... {}\n", id > 0 ? fmt::format("edit {}: ", id) : "",
                        filled_prompt(fact.prompt, stored.request.subject), fact.target_new);
  }
  return finished(print_result(text));
}

}  // namespace

void add_show(CLI::App& app, Run& run) {
  const auto [verb, options] = add_verb(app, run, "show", "Show what is known of an edit", show);
  add_store_option(*verb, options->store);
  verb->add_option("ID", options->id, "Number of an edit, as `mobiedit list` shows it")->required();
  verb->add_flag("--json", options->json, "Print one JSON document");
}

}  // namespace mobiedit::cli
