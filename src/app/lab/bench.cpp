// mobiedit-lab bench: how fast and how large, on this machine.
#include "app/lab/bench/bench.h"

#include <CLI/CLI.hpp>

namespace mobiedit::cli {

void add_bench(CLI::App& app, Run& run) {
  CLI::App* verb = app.add_subcommand("bench", "Measure speed and memory on this machine");
  verb->require_subcommand(1);
  add_bench_kernels(*verb, run);
  add_bench_edit(*verb, run);
  add_bench_model(*verb, run);
}

}  // namespace mobiedit::cli
