// mobiedit-lab bench kernels: the matrix products alone, beside the measured peak of the processor.
#include "app/common/verb.h"
#include "app/lab/bench.h"
#include "lab/bench/bench_text.h"
#include "lab/bench/measure_kernels.h"

namespace mobiedit::cli {
namespace {

struct BenchKernels {
  KernelOptions options;
  bool json = false;
};

Result<int> bench_kernels(const BenchKernels& verb) {
  MOBIEDIT_TRY(const auto found, measure_kernels(verb.options, bench_observer()));
  return finished(verb.json ? print_json(found) : print_result(kernels_text(found)));
}

}  // namespace

void add_bench_kernels(CLI::App& bench, Run& run) {
  const auto [verb, options] = add_verb(
      bench, run, "kernels", "Time the matrix products, beside the measured peak of the processor", bench_kernels);
  add_bench_options(*verb, options->options.threads, options->json);
  verb->add_flag("--quick", options->options.quick, "Take seconds instead of minutes; figures are noisier");
  verb->add_flag("--every-set", options->options.every_set,
                 "Time every instruction set of the processor, not only the best");
}

}  // namespace mobiedit::cli
