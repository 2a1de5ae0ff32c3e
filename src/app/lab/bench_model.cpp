// mobiedit-lab bench model: cost of a model file, or of a made-up model with the shape of a real one.
#include "app/common/verb.h"
#include "app/lab/bench.h"
#include "app/lab/print_report.h"
#include "lab/bench/run.h"

namespace mobiedit::cli {
namespace {

struct ModelBenchVerb {
  ModelBench bench;
  bool json = false;
};

Result<int> bench_model(const ModelBenchVerb& verb) {
  const ModelBench& bench = verb.bench;
  if (bench.model.empty() && bench.shape.empty()) return fail(ErrorCode::usage, "--shape or -m is needed", "", "");
  MOBIEDIT_CHECK(check_folder(bench.model.empty(), bench.made));
  MOBIEDIT_TRY(const auto report, run_model_bench(bench, bench_observer(), catch_interrupts()));
  return report ? print_report(*report, verb.json) : 0;
}

}  // namespace

void add_bench_model(CLI::App& parent, Run& run) {
  const auto [verb, options] =
      add_verb(parent, run, "model",
               "Measure a model file, or a written model with the shape of a real one and random weights", bench_model);
  ModelBench& bench = options->bench;
  auto* shape =
      verb->add_option("--shape", bench.shape, "Shape of the written model")->check(CLI::IsMember(names_of_shapes()));
  verb->add_option("-m,--model", bench.model, "Measure this file instead of writing one")->excludes(shape);
  add_made_model_options(*verb, bench.made);
  verb->add_flag("--only-write", bench.only_write, "Write the file and measure nothing");
  add_bench_options(*verb, bench.measure.threads, options->json);
  verb->add_option("--layer", bench.measure.layer, "Layer to edit (default 5)");
  verb->add_option("--evaluations", bench.measure.evaluations, "Evaluations of the whole edit (default 150)")
      ->check(CLI::Range(1, 100'000));
  verb->add_option("--batch", bench.measure.batch, "Evaluations in the largest batch (default 64)")
      ->check(CLI::Range(5, 4096));
  verb->add_option("--prefill", bench.measure.prefill, "Tokens to read at once (default 512)")
      ->check(CLI::Range(1, 100'000));
  verb->add_option("--decode", bench.measure.decode, "Tokens to read one by one (default 32)")
      ->check(CLI::Range(1, 100'000));
  verb->add_option("--depth", bench.measure.depth, "Tokens in the context before the first of --decode (default 0)")
      ->check(CLI::Range(0, 1'000'000));
  verb->add_option("--activations", bench.measure.activation_bits, "Bits of activations while reading (default 16)")
      ->check(CLI::IsMember({8, 16}));
  verb->add_flag("!--no-edit", bench.measure.edit, "Leave out the whole edit");
  verb->add_flag("!--no-peer", bench.peer, "Leave out llama-bench even if it is installed");
}

}  // namespace mobiedit::cli
