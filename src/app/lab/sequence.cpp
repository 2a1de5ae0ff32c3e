// mobiedit-lab experiment sequence: edits made one after another, measured all together.
#include "lab/study/sequence.h"

#include "app/common/edit_options.h"
#include "app/common/model_options.h"
#include "app/common/open_editor.h"
#include "app/common/progress.h"
#include "app/common/verb.h"
#include "app/lab/data_options.h"
#include "app/lab/print_report.h"
#include "app/lab/verbs.h"
#include "io/read_all.h"
#include "lab/study/study_report.h"

namespace mobiedit::cli {
namespace {

struct SequenceVerb {
  RunOptions run;
  SearchSettings search;
  std::vector<std::string> data;
  FactSelection reading;
  std::vector<std::size_t> points{1, 10, 100, 1000};
  std::string running_text;
  bool free = false;
};

Result<int> sequence(const SequenceVerb& verb) {
  const CancelToken cancel = catch_interrupts();
  if (verb.search.together())
    return fail(ErrorCode::usage, "the method '" + verb.search.method + "' makes no edits one after another",
                "--method", "choose another");
  MOBIEDIT_TRY(auto read, read_data(verb.data, verb.reading));
  const std::vector<FactRecord>* facts = &read.records;
  SequenceOptions options{.points = verb.points, .preserve = !verb.free, .blocks = verb.search.blocks.value_or(1)};
  if (!verb.running_text.empty()) {
    MOBIEDIT_TRY(options.running_text, io::read_all(verb.running_text));
  }
  MOBIEDIT_TRY(const auto model, open_model(verb.run));
  MOBIEDIT_CHECK(leave_out_unknown(read, verb.reading, verb.data.front(), model, verb.run.session(), cancel));
  SearchSettings search = verb.search;
  // General wordings would enlarge the effect on everything else, which this experiment measures.
  if (!search.edit.confidence_threshold) search.edit.confidence_threshold = 0;
  MOBIEDIT_TRY(auto editor, open_editor(model, search, verb.run, cancel));

  ProgressLine progress;
  const ExperimentObserver observer = observer_on(progress, *facts);
  const auto found = run_sequence(editor, model, *facts, options, verb.run.session(), observer, cancel);
  progress.clear();
  if (!found) return std::unexpected(found.error());
  const StudySubject subject{
      verb.run.model, verb.data, search.method, editor.layer(), search.blocks_up_to(editor.layer()), verb.reading};
  return print_report(sequence_report(subject, read, options, search.edit, *found), verb.run.json);
}

}  // namespace

void add_sequence(CLI::App& verb, Run& run) {
  const auto [experiment, options] = add_verb(
      verb, run, "sequence", "Edit facts one after another in one model; measure all of them on the way", sequence);
  add_run_options(*experiment, options->run);
  experiment->add_option("--data", options->data, "CounterFact, EasyEdit or ZsRE records; files, one after another")
      ->required();
  add_data_options(*experiment, options->reading);
  experiment->add_option("--points", options->points, "Numbers of edits after which to measure, besides the last")
      ->delimiter(',')
      ->capture_default_str();
  experiment->add_option("--running-text", options->running_text, "A text whose perplexity is measured");
  experiment->add_flag("--free", options->free, "Do not preserve the keys of earlier edits");
  add_search_options(*experiment, options->search);
  add_blocks_option(*experiment, options->search);
}

}  // namespace mobiedit::cli
