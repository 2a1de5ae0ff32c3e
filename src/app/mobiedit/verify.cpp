// mobiedit verify: checks an edited file against its base, and asks it again.
#include "app/common/console_observer.h"
#include "app/common/model_options.h"
#include "app/common/verb.h"
#include "app/mobiedit/edit_report.h"
#include "app/mobiedit/store_options.h"
#include "app/mobiedit/verbs.h"
#include "workspace/documents.h"

namespace mobiedit::cli {
namespace {

struct VerifyVerb {
  RunOptions run;  // its model is the base
  StoreOptions store;
  std::string file;
};

Result<int> verify(const VerifyVerb& verb) {
  const CancelToken cancel = catch_interrupts();
  MOBIEDIT_TRY(const auto workspace, open_workspace(verb.run, verb.store, StoreUse::read, "mobiedit verify"));
  ConsoleObserver observer(verb.run.model, verb.run.verbose);
  MOBIEDIT_TRY(const auto report, workspace.verify(verb.file, {&observer, cancel}));
  const bool sound = report.faults.empty();
  const int code = sound ? exit_done : exit_verification;
  if (verb.run.json) return finished(print_json(verify_json(verb.run.model, verb.file, report)), code);
  std::string text;
  for (std::size_t i = 0; i < report.edits.size(); ++i)
    if (report.answers[i]) text += "  ok " + fact_text(report.edits[i]) + "\n";
  for (const std::string& fault : report.faults) text += "  -- " + fault + "\n";
  text += fmt::format("{}: {}; changed: {}\n", verb.file, sound ? "sound" : "NOT what it should be",
                      report.changed.empty() ? "nothing" : fmt::format("{}", fmt::join(report.changed, ", ")));
  return finished(print_result(text), code);
}

}  // namespace

void add_verify(CLI::App& app, Run& run) {
  const auto [verb, options] =
      add_verb(app, run, "verify", "Check an edited file against its base, and ask it again", verify);
  add_run_options(*verb, options->run);
  add_store_option(*verb, options->store);
  verb->add_option("FILE", options->file, "An adapter or an edited model")->required();
}

}  // namespace mobiedit::cli
