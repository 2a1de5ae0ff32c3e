// Benches of models: of files, and of written models with the shapes of real ones.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lab/bench/made_model.h"
#include "lab/bench/measure_edits.h"
#include "lab/bench/measure_model.h"
#include "lab/study/report.h"

namespace mobiedit {

struct EditBench {
  std::vector<std::string> models;  ///< files
  std::vector<std::string> shapes;  ///< of models that are written first
  MadeModelOptions made;
  EditSweeps sweeps;  ///< of the first model only: sweeps of all would take too long
  bool peer = true;   ///< compares with llama-bench where it is installed
};

/// Times edits of each model. Errors: those of MadeModel::make and measure_edits.
[[nodiscard]] Result<Report> run_edit_bench(const EditBench& bench, const BenchObserver& observer,
                                            const CancelToken& cancel);

struct ModelBench {
  std::string model;  ///< a file; empty: a model of `shape` is written first
  std::string shape;
  MadeModelOptions made;
  bool only_write = false;  ///< measures nothing
  bool peer = true;         ///< compares with llama-bench where it is installed
  MeasureOptions measure;
};

/// Measures one model; nothing with `only_write`. Errors: those of MadeModel::make and measure_model.
[[nodiscard]] Result<std::optional<Report>> run_model_bench(const ModelBench& bench, const BenchObserver& observer,
                                                            const CancelToken& cancel);

}  // namespace mobiedit
