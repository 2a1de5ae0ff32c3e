// mobiedit-lab eval: metrics of the edits of a data set.
#include "app/common/edit_options.h"
#include "app/common/model_options.h"
#include "app/common/open_editor.h"
#include "app/common/progress.h"
#include "app/common/verb.h"
#include "app/lab/battery.h"
#include "app/lab/data_options.h"
#include "app/lab/print_report.h"
#include "app/lab/verbs.h"
#include "lab/study/each_fact.h"
#include "lab/study/study_report.h"

namespace mobiedit::cli {
namespace {

struct EvalVerb {
  RunOptions run;
  SearchSettings search;
  std::string data;
  FactSelection reading;
  BatteryVerb battery;
};

Result<int> eval(const EvalVerb& verb) {
  const CancelToken cancel = catch_interrupts();
  if (verb.search.blocks && !verb.search.together())
    return fail(ErrorCode::usage, "the method '" + verb.search.method + "' edits one layer", "--blocks",
                fmt::format("only {} share a change", fmt::join(method_names(MethodKind::mass_edit), " and ")));
  MOBIEDIT_TRY(auto read, read_data({verb.data}, verb.reading));
  MOBIEDIT_TRY(const auto model, open_model(verb.run));
  MOBIEDIT_CHECK(leave_out_unknown(read, verb.reading, verb.data, model, verb.run.session(), cancel));
  if (verb.battery.asked) return measure_battery(verb.battery, verb.run, verb.search, verb.data, read, model, cancel);
  const std::vector<FactRecord>& facts = read.records;
  MOBIEDIT_TRY(auto editor, open_editor(model, verb.search, verb.run, cancel));

  ProgressLine progress;
  ExperimentObserver observer = observer_on(progress, facts);
  if (verb.run.verbose) {
    observer.measured = [&](std::size_t i, const FactOutcome& outcome) {
      progress.clear();
      say(fmt::format("{}: {} -> {}: {}, {} evaluations, {:.2f} s", facts[i].where, facts[i].subject,
                      facts[i].target_new, outcome.success ? "success" : "missed", outcome.evaluations,
                      outcome.seconds));
    };
  }
  const StudySubject subject{
      verb.run.model, {verb.data}, verb.search.method, editor.layer(), verb.search.blocks_up_to(editor.layer()),
      verb.reading};
  const auto outcomes = verb.search.together()
                            ? run_mass_edit(editor, model, facts, {.method = subject.method, .layers = subject.layers},
                                            verb.run.session(), observer, cancel)
                            : run_experiment(editor, model, facts, verb.run.session(), observer, cancel);
  progress.clear();
  if (!outcomes) return std::unexpected(outcomes.error());
  return print_report(eval_report(subject, read, *outcomes), verb.run.json);
}

}  // namespace

void add_eval(CLI::App& app, Run& run) {
  const auto [verb, options] =
      add_verb(app, run, "eval", "Edit each fact of a data set alone, or all at once, and measure it", eval);
  add_run_options(*verb, options->run);
  verb->add_option("--data", options->data, "CounterFact, EasyEdit, KnowEdit or ZsRE records, JSON Lines or JSON")
      ->required();
  add_data_options(*verb, options->reading);
  verb->add_flag("--fluency", options->reading.fluency,
                 "Measure fluency: generate 100 tokens after each generation prompt, without and with the edit (slow)");
  add_battery_options(*verb, options->battery);
  add_search_options(*verb, options->search);
  add_blocks_option(*verb, options->search);
}

}  // namespace mobiedit::cli
