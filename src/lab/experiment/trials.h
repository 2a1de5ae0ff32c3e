// Trials: one experiment on one model and one file of facts.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/experiment/report.h"
#include "lab/experiment/runner.h"
#include "lab/study/facts.h"

namespace mobiedit {

struct TrialsRequest {
  const Experiment& experiment;
  std::string model, data;  ///< files, as the user named them
  FactSelection reading;
  EditOptions search;                  ///< layer, clamp, seed, threads
  std::optional<int> max_evaluations;  ///< none: the budget of each method
  int activation_bits = 16;            ///< bits of activations for answers
  std::string results;                 ///< a file or a folder that keeps each result; empty: none
  Shard shard;
  std::vector<std::string> only;  ///< see chosen_settings; empty: all settings
};

struct TrialsObserver : RunnerObserver {
  std::function<void(std::string_view)> note;
  std::function<void(std::string_view)> warn;
};

/// Runs what the results file lacks, and reports all of it. Errors: usage (no record serves, no such setting), those of
/// the opener, of reading and of run_units. Results so far stay in the file.
[[nodiscard]] Result<Report> run_trials(const TrialsRequest& request, const Opener& opener,
                                        const TrialsObserver& observer, const CancelToken& cancel);

/// Joins result files of one experiment into `out`, and reports all of them. Errors: those of read_results and
/// merged_results; usage (an unknown experiment), io.
[[nodiscard]] Result<Report> merge_parts(const std::vector<std::string>& parts, const std::string& out);

}  // namespace mobiedit
