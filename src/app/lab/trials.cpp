// mobiedit-lab experiment NAME: front end of the experiments in src/lab/experiment.
#include "lab/experiment/trials.h"

#include <optional>

#include "app/common/edit_options.h"
#include "app/common/model_options.h"
#include "app/common/open_editor.h"
#include "app/common/progress.h"
#include "app/common/verb.h"
#include "app/lab/data_options.h"
#include "app/lab/print_report.h"
#include "app/lab/verbs.h"

namespace mobiedit::cli {
namespace {

struct TrialsVerb {
  Experiment experiment;
  RunOptions run;
  SearchSettings search;
  std::optional<int> max_evaluations;
  std::string data;
  FactSelection reading;
  std::string out;
  std::string shard;
  std::vector<std::string> only;
};

Opener opener(const TrialsVerb& verb, const CancelToken& cancel) {
  return {[&](Precision precision, const Rounding& rounding) { return open_model(verb.run, precision, rounding); },
          [&](const Model& model, const EditOptions& edit) {
            return at("--text", open_editor(model, edit, verb.search, verb.run, cancel));
          },
          verb.run.session()};
}

Result<int> trials(const TrialsVerb& verb) {
  const CancelToken cancel = catch_interrupts();
  const auto shard = shard_of(verb.shard);
  if (!shard)
    return fail(ErrorCode::usage, "\"" + verb.shard + "\" is no part", "--shard", "write 1/4 for the first of four");
  ProgressLine line;
  const TrialsObserver observer{{[&](const std::string& label) { line.note(label); },
                                 [&](const std::string& label, const EditProgress& p) { line.show(label, p); }},
                                [&](std::string_view text) {
                                  line.clear();
                                  say(text);
                                },
                                warn};
  auto report =
      run_trials({verb.experiment, verb.run.model, verb.data, verb.reading, verb.search.edit_options(verb.run.threads),
                  verb.max_evaluations, verb.run.activation_bits, verb.out, *shard, verb.only},
                 opener(verb, cancel), observer, cancel);
  line.clear();
  if (!report && report.error().id == unknown_setting.name) report.error().where = "--only";
  if (!report) return std::unexpected(report.error());
  return print_report(*report, verb.run.json);
}

}  // namespace

void add_trials(CLI::App& verb, Run& run, Experiment experiment) {
  const auto [sub, options] = add_verb(verb, run, experiment.name, experiment.about, trials);
  options->experiment = std::move(experiment);
  add_run_options(*sub, options->run);
  sub->add_option("--data", options->data, "File of facts: CounterFact, EasyEdit, KnowEdit, ZsRE or MQuAKE records")
      ->required();
  add_data_options(*sub, options->reading);
  sub->add_option("--out", options->out,
                  "Add each result to this file, or to a file in this folder; continue it if it exists");
  sub->add_option("--shard", options->shard, "Run part I/N of the facts; `experiment merge` joins the files");
  sub->add_option("--only", options->only, "Run only settings whose name contains this text; may be repeated")
      ->allow_extra_args(false);
  add_layer_option(*sub, options->search.layer);
  sub->add_option("--clamp", options->search.edit.clamp, "Limit on the change of the value, in lengths of the value")
      ->check(CLI::Range(1e-3, 1e3));
  sub->add_option("--max-evaluations", options->max_evaluations,
                  "Limit on forward evaluations per edit (default: the budget of each method)")
      ->check(CLI::Range(1, 1'000'000'000));
  sub->add_option("-s,--seed", options->search.edit.seed, "Seed of the searches (default 0)");
  auto* text = sub->add_option("--text", options->search.statistics.text, "Running text for the key statistics");
  sub->add_flag("--no-text", options->search.statistics.none, "Use no key statistics")->excludes(text);
}

}  // namespace mobiedit::cli
