// mobiedit undo, enable, disable: change which edits are in force.
#include "mobiedit/store/change.h"

#include "app/common/console_observer.h"
#include "app/common/model_options.h"
#include "app/common/verb.h"
#include "app/mobiedit/edit_report.h"
#include "app/mobiedit/store_options.h"
#include "app/mobiedit/verbs.h"
#include "workspace/documents.h"

namespace mobiedit::cli {
namespace {

struct Change {
  EditChange kind;
  const char* name;
  const char* program;  ///< see open_store_to_write
  const char* past;
  const char* description;
};

constexpr Change undo{EditChange::undo, "undo", "mobiedit undo", "undone",
                      "Remove edits for good, as if they had never been made"};
constexpr Change enable{EditChange::enable, "enable", "mobiedit enable", "enabled",
                        "Bring disabled edits back into force"};
constexpr Change disable{EditChange::disable, "disable", "mobiedit disable", "disabled",
                         "Keep edits, but out of force"};

struct ChangeVerb {
  RunOptions run;  ///< its model is needed where a neuron must be found again; may be empty
  StoreOptions store;
  std::vector<std::int64_t> ids;
  bool json = false;
};

/// The model is opened only where it is needed.
Result<StoreChange> change_in_store(const ChangeVerb& verb, const Change& change) {
  {
    MOBIEDIT_TRY(auto store, open_store_to_write(verb.store, change.program));
    MOBIEDIT_TRY(const auto unserved, unserved_after(store, verb.ids, change.kind));
    if (unserved.empty()) return change_edits(store, verb.ids, change.kind);
    if (verb.run.model.empty()) {
      auto refused = change_edits(store, verb.ids, change.kind);
      if (!refused) refused.error().hint = "give the model with -m";
      return refused;
    }
  }
  const CancelToken cancel = catch_interrupts();
  MOBIEDIT_TRY(auto workspace, open_workspace(verb.run, verb.store, StoreUse::change, change.program));
  ConsoleObserver observer(verb.run.model, false);
  const Job job{&observer, cancel};
  auto done = change.kind == EditChange::undo ? workspace.undo(verb.ids, job)
                                              : workspace.set_enabled(verb.ids, change.kind == EditChange::enable, job);
  observer.clear();
  return done;
}

Result<int> run_change(const ChangeVerb& verb, const Change& change) {
  MOBIEDIT_TRY(const auto path, store_path(verb.store));
  MOBIEDIT_TRY(const auto done, change_in_store(verb, change));
  if (verb.json) return finished(print_json(change_json(change.past, path, done)));
  std::string text;
  for (const EditInfo& edit : done.changed)
    text += fmt::format("edit {} {}: {}\n", edit.id, change.past, fact_text(edit));
  for (const EditInfo& edit : done.others)
    text += fmt::format("edit {} is now {}: {}\n", edit.id, state_text(edit), fact_text(edit));
  return finished(print_result(text));
}

void add_change(CLI::App& app, Run& run, const Change& change) {
  const auto [verb, options] =
      add_verb<ChangeVerb>(app, run, change.name, change.description,
                           [&change](const ChangeVerb& asked) { return run_change(asked, change); });
  add_store_option(*verb, options->store);
  verb->add_option("-m,--model", options->run.model,
                   "The model, needed where facts of a subject stay in force that share a neuron")
      ->envname("MOBIEDIT_MODEL");
  verb->add_option("ID", options->ids, "Numbers of edits, as `mobiedit list` shows them")->required();
  verb->add_flag("--json", options->json, "Print one JSON document");
}

}  // namespace

void add_undo(CLI::App& app, Run& run) {
  add_change(app, run, undo);
}
void add_enable(CLI::App& app, Run& run) {
  add_change(app, run, enable);
}
void add_disable(CLI::App& app, Run& run) {
  add_change(app, run, disable);
}

}  // namespace mobiedit::cli
