// mobiedit-lab bench: speed and memory on this machine.
#include "app/lab/bench.h"

#include "app/common/model_options.h"
#include "app/common/verb.h"

namespace mobiedit::cli {

void add_bench(CLI::App& app, Run& run) {
  CLI::App* verb = app.add_subcommand("bench", "Measure speed and memory on this machine");
  verb->require_subcommand(1);
  add_bench_kernels(*verb, run);
  add_bench_edit(*verb, run);
  add_bench_model(*verb, run);
}

void add_bench_options(CLI::App& verb, int& threads, bool& json) {
  verb.add_option("-t,--threads", threads, "Number of threads; 0: one per processor")
      ->envname("MOBIEDIT_THREADS")
      ->check(CLI::Range(0, 1024));
  verb.add_flag("--json", json, "Print one JSON document");
}

void add_made_model_options(CLI::App& verb, MadeModelOptions& options) {
  verb.add_option("--type", options.type, "Quantisation of the written model (default q8_0)")
      ->check(CLI::IsMember(names_of_mixes()));
  verb.add_option("--folder", options.folder, "Folder for the written model; the file is removed afterwards")
      ->check(CLI::ExistingDirectory);
  verb.add_flag("--keep", options.keep, "Leave the written model there");
  verb.add_option("-s,--seed", options.seed, "Seed of the random weights (default 0)");
}

Status check_folder(bool writes, const MadeModelOptions& options) {
  if (!writes || !options.folder.empty()) return {};
  return fail(ErrorCode::usage, "--folder is needed: where to write the model", "",
              "it needs about as much room as the real model's file");
}

BenchObserver bench_observer() {
  return {[](const std::string& text) { say(text); }, [](const std::string& text) { warn(text); }, warn_of_fallbacks,
          [](const std::filesystem::path& path) -> std::shared_ptr<void> {
            return std::make_shared<RemoveOnInterrupt>(path);
          }};
}

}  // namespace mobiedit::cli
