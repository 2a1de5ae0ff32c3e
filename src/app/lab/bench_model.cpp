// mobiedit-lab bench model: cost of a model file, or of a made-up model with the shape of a real one.
#include <optional>
#include <string_view>

#include "app/common/verb.h"
#include "app/lab/bench.h"
#include "lab/bench/bench_text.h"
#include "lab/bench/made_model.h"
#include "lab/bench/measure_model.h"
#include "lab/bench/peer.h"

namespace mobiedit::cli {
namespace {

struct BenchModel {
  std::string model;  ///< an existing file; empty: `shape` is written
  std::string shape;
  MadeModelOptions made;
  bool only_write = false;
  bool json = false;
  bool peer = true;
  MeasureOptions measure;
};

Result<int> measure(const BenchModel& verb, const std::string& path, const CancelToken& cancel) {
  const BenchObserver observer = bench_observer();
  std::optional<Peer> peer;
  if (verb.peer) peer = Peer::find(observer.guard);
  MOBIEDIT_TRY(auto found, measure_model(path, verb.measure, peer ? &*peer : nullptr, observer, cancel));
  Json document{{"schema", "mobiedit.bench.model/1"}};
  document.update(found);
  return finished(verb.json ? print_json(document) : print_result(model_text(found)));
}

Result<int> bench_model(const BenchModel& verb) {
  const CancelToken cancel = catch_interrupts();
  if (!verb.model.empty()) return measure(verb, verb.model, cancel);
  if (verb.shape.empty()) return fail(ErrorCode::usage, "--shape or -m is needed", "", "");
  MOBIEDIT_TRY(const auto made, at("--folder", MadeModel::make(verb.shape, verb.made, bench_observer(), cancel)));
  return verb.only_write ? 0 : measure(verb, made.path().string(), cancel);
}

}  // namespace

void add_bench_model(CLI::App& bench, Run& run) {
  const auto [verb, options] =
      add_verb(bench, run, "model",
               "Measure a model file, or a written model with the shape of a real one and random weights", bench_model);
  auto* shape = verb->add_option("--shape", options->shape, "Shape of the written model")
                    ->check(CLI::IsMember(names_of_shapes()));
  verb->add_option("-m,--model", options->model, "Measure this file instead of writing one")->excludes(shape);
  add_made_model_options(*verb, options->made);
  verb->add_flag("--only-write", options->only_write, "Write the file and measure nothing");
  add_bench_options(*verb, options->measure.threads, options->json);
  verb->add_option("--layer", options->measure.layer, "Layer to edit (default 5)");
  verb->add_option("--evaluations", options->measure.evaluations, "Evaluations of the whole edit (default 150)")
      ->check(CLI::Range(1, 100'000));
  verb->add_option("--batch", options->measure.batch, "Evaluations in the largest batch (default 64)")
      ->check(CLI::Range(5, 4096));
  verb->add_option("--prefill", options->measure.prefill, "Tokens to read at once (default 512)")
      ->check(CLI::Range(1, 100'000));
  verb->add_option("--decode", options->measure.decode, "Tokens to read one by one (default 32)")
      ->check(CLI::Range(1, 100'000));
  verb->add_option("--depth", options->measure.depth, "Tokens in the context before the first of --decode (default 0)")
      ->check(CLI::Range(0, 1'000'000));
  verb->add_option("--activations", options->measure.activation_bits, "Bits of activations while reading (default 16)")
      ->check(CLI::IsMember({8, 16}));
  verb->add_flag("!--no-edit", options->measure.edit, "Leave out the whole edit");
  verb->add_flag("!--no-peer", options->peer, "Leave out llama-bench even if it is installed");
}

}  // namespace mobiedit::cli
