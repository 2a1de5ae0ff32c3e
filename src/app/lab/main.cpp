// The laboratory's program, `mobiedit-lab`: evaluation on data sets, experiments, benches.
#include "app/common/program.h"
#include "app/lab/verbs.h"

namespace {

void add_verbs(CLI::App& app, mobiedit::cli::Run& run) {
  mobiedit::cli::add_eval(app, run);
  mobiedit::cli::add_experiment(app, run);
  mobiedit::cli::add_bench(app, run);
}

}  // namespace

int main(int argc, char** argv) {
  return mobiedit::cli::run_program({"mobiedit-lab", "Measure how well and how fast models are edited", add_verbs},
                                    argc, argv);
}
