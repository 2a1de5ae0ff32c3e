// mobiedit apply: tries edits that were made for another model of the same shape.
#include "app/common/console_observer.h"
#include "app/common/model_options.h"
#include "app/common/verb.h"
#include "app/mobiedit/edit_report.h"
#include "app/mobiedit/store_options.h"
#include "app/mobiedit/verbs.h"
#include "workspace/documents.h"

namespace mobiedit::cli {
namespace {

struct ApplyVerb {
  RunOptions run;
  StoreOptions store;
  std::string from;
};

Result<int> apply(const ApplyVerb& verb) {
  const CancelToken cancel = catch_interrupts();
  MOBIEDIT_TRY(auto workspace, open_workspace(verb.run, verb.store, StoreUse::change, "mobiedit apply"));
  ConsoleObserver observer(verb.run.model, verb.run.verbose);
  const auto report = workspace.apply(verb.from, {&observer, cancel});
  if (!report) {
    Error error = report.error();
    if (error.code == ErrorCode::usage && !error.hint.empty()) error.hint += ": --from, and `mobiedit list` shows them";
    return std::unexpected(error);
  }
  const bool all = report->new_ids.size() == report->edits.size();
  const int code = all ? exit_done : exit_target_not_reached;
  if (verb.run.json) return finished(print_json(apply_json(verb.run.model, *report)), code);
  std::string text;
  auto next = report->new_ids.begin();
  for (std::size_t i = 0; i < report->edits.size(); ++i) {
    const Edit& edit = report->edits[i];
    const std::string fact = fact_text(info_of(edit));
    text += report->applied[i] ? fmt::format("edit {} holds here, kept as edit {}: {}\n", edit.id, *next++, fact)
                               : fmt::format("edit {} DOES NOT HOLD here, not kept: {}\n", edit.id, fact);
  }
  return finished(print_result(text), code);
}

}  // namespace

void add_apply(CLI::App& app, Run& run) {
  const auto [verb, options] =
      add_verb(app, run, "apply", "Try the edits of another model here, and keep those that hold", apply);
  add_run_options(*verb, options->run);
  add_store_option(*verb, options->store);
  verb->add_option("--from", options->from, "Fingerprint of the model they were made for, or its beginning");
}

}  // namespace mobiedit::cli
