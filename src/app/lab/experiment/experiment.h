// The experiments; each is a file here.
#pragma once

#include "app/lab/experiment/trials.h"
#include "app/lab/verbs.h"

namespace mobiedit::cli {

[[nodiscard]] Experiment compare_experiment();
[[nodiscard]] Experiment gradient_experiment();
[[nodiscard]] Experiment sensitivity_experiment();
[[nodiscard]] Experiment ablation_experiment();
[[nodiscard]] Experiment precision_experiment();
[[nodiscard]] Experiment hard_experiment();
[[nodiscard]] Experiment multihop_experiment();
[[nodiscard]] Experiment staleness_experiment();

void add_sequence(CLI::App& verb, Run& run);
void add_merge(CLI::App& verb, Run& run);

}  // namespace mobiedit::cli
