// mobiedit-lab bench edit: seconds of whole edits, by size of the model and properties of the edit.
#include "app/common/verb.h"
#include "app/lab/bench.h"
#include "app/lab/print_report.h"
#include "lab/bench/run.h"

namespace mobiedit::cli {
namespace {

struct EditBenchVerb {
  EditBench bench;
  bool json = false;
};

Result<int> bench_edit(const EditBenchVerb& verb) {
  const EditBench& bench = verb.bench;
  if (bench.models.empty() && bench.shapes.empty())
    return fail(ErrorCode::usage, "--shape or -m is needed", "", "either may be given several times");
  MOBIEDIT_CHECK(check_folder(!bench.shapes.empty(), bench.made));
  MOBIEDIT_TRY(const auto report, run_edit_bench(bench, bench_observer(), catch_interrupts()));
  return print_report(report, verb.json);
}

}  // namespace

void add_bench_edit(CLI::App& parent, Run& run) {
  const auto [verb, options] =
      add_verb(parent, run, "edit", "Time whole edits by size of the model and properties of the edit", bench_edit);
  EditBench& bench = options->bench;
  verb->add_option("-m,--model", bench.models, "A file to edit; may be repeated")
      ->allow_extra_args(false)
      ->envname("MOBIEDIT_MODEL");
  verb->add_option("--shape", bench.shapes, "Model whose shape is written and edited; may be repeated")
      ->allow_extra_args(false)
      ->check(CLI::IsMember(names_of_shapes()));
  add_made_model_options(*verb, bench.made);
  add_bench_options(*verb, bench.sweeps.threads, options->json);
  verb->add_option("--layer", bench.sweeps.layer, "Layer to edit (default 5)");
  const auto list = [&](const char* name, std::vector<int>& values, const char* about_it, int most) {
    verb->add_option(name, values, about_it)->delimiter(',')->allow_extra_args(false)->check(CLI::Range(1, most));
  };
  list("--evaluations", bench.sweeps.evaluations, "Evaluations per edit to time (default 10,50,150,300)", 100'000);
  list("--contexts", bench.sweeps.contexts, "Contexts per edit to time (default 1,2,4,6)", 6);
  list("--target-tokens", bench.sweeps.tokens, "Lengths of the target to time, in tokens (default 1,2,4,8)", 32);
  verb->add_option("--usual-evaluations", bench.sweeps.usual_evaluations,
                   "Evaluations per edit while another property is varied (default 150)")
      ->check(CLI::Range(1, 100'000));
  verb->add_option("--repeats", bench.sweeps.repeats,
                   "Number of times that each edit is made; the best counts (default 2)")
      ->check(CLI::Range(1, 1000));
  verb->add_flag("!--no-peer", bench.peer, "Leave out llama-bench even if it is installed");
}

}  // namespace mobiedit::cli
