// mobiedit-lab bench edit: seconds of whole edits, by size of the model and properties of the edit.
#include <optional>

#include "app/common/verb.h"
#include "app/lab/bench.h"
#include "lab/bench/bench_text.h"
#include "lab/bench/made_model.h"
#include "lab/bench/measure_edits.h"
#include "lab/bench/peer.h"

namespace mobiedit::cli {
namespace {

struct BenchEdit {
  std::vector<std::string> models;
  std::vector<std::string> shapes;
  MadeModelOptions made;
  EditSweeps sweeps;
  bool peer = true;
  bool json = false;
};

Result<int> bench_edit(const BenchEdit& verb) {
  if (verb.models.empty() && verb.shapes.empty())
    return fail(ErrorCode::usage, "--shape or -m is needed", "", "either may be given several times");
  if (!verb.shapes.empty() && verb.made.folder.empty())
    return fail(ErrorCode::usage, "--folder is needed: where to write the model", "",
                "it needs about as much room as the real model's file");
  const CancelToken cancel = catch_interrupts();
  std::optional<Peer> peer;
  const BenchObserver observer = bench_observer();
  if (verb.peer) peer = Peer::find(observer.guard);

  Json models = Json::array();
  const auto measure = [&](const std::string& path) -> Status {
    // Only the first model is swept: sweeps of all models would take too long.
    MOBIEDIT_TRY(auto found,
                 measure_edits(path, verb.sweeps, models.empty(), peer ? &*peer : nullptr, observer, cancel));
    models.push_back(std::move(found));
    return {};
  };
  for (const std::string& path : verb.models) MOBIEDIT_CHECK(at(path.c_str(), measure(path)));
  for (const std::string& shape : verb.shapes) {
    MOBIEDIT_TRY(const auto made, at("--folder", MadeModel::make(shape, verb.made, observer, cancel)));
    MOBIEDIT_CHECK(at(made.path().c_str(), measure(made.path().string())));
  }

  return finished(verb.json ? print_json(edits_json(models)) : print_result(edits_text(models)));
}

}  // namespace

void add_bench_edit(CLI::App& bench, Run& run) {
  const auto [verb, options] =
      add_verb(bench, run, "edit", "Whole edits, against the model's size and what the edit is of", bench_edit);
  verb->add_option("-m,--model", options->models, "A file to edit; may be repeated")
      ->allow_extra_args(false)
      ->envname("MOBIEDIT_MODEL");
  verb->add_option("--shape", options->shapes, "Whose shape to write and edit; may be repeated")
      ->allow_extra_args(false)
      ->check(CLI::IsMember(names_of_shapes()));
  add_made_model_options(*verb, options->made);
  add_bench_options(*verb, options->sweeps.threads, options->json);
  verb->add_option("--layer", options->sweeps.layer, "Layer to edit (default 5)");
  const auto list = [&](const char* name, std::vector<int>& values, const char* about_it, int most) {
    verb->add_option(name, values, about_it)->delimiter(',')->allow_extra_args(false)->check(CLI::Range(1, most));
  };
  list("--evaluations", options->sweeps.evaluations, "Evaluations per edit to time (default 10,50,150,300)", 100'000);
  list("--contexts", options->sweeps.contexts, "Contexts per edit to time (default 1,2,4,6)", 6);
  list("--target-tokens", options->sweeps.tokens, "Lengths of the target to time, in tokens (default 1,2,4,8)", 32);
  verb->add_option("--usual-evaluations", options->sweeps.usual_evaluations,
                   "Evaluations per edit while another property is varied (default 150)")
      ->check(CLI::Range(1, 100'000));
  verb->add_option("--repeats", options->sweeps.repeats,
                   "Number of times that each edit is made; the best counts (default 2)")
      ->check(CLI::Range(1, 1000));
  verb->add_flag("!--no-peer", options->peer, "Leave out llama-bench even if it is installed");
}

}  // namespace mobiedit::cli
