// Options of the verbs that run a model.
#pragma once

#include <string>

#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/model/model.h"
#include "mobiedit/model/session.h"

namespace CLI {
class App;
}

namespace mobiedit::cli {

struct RunOptions {
  std::string model;
  int threads = 0;
  int context = 0;
  int activation_bits = 16;
  bool verbose = false;
  bool json = false;

  [[nodiscard]] SessionOptions session() const {
    return {threads, context, activation_bits == 8 ? Activations::int8 : Activations::int16, {}};
  }
};

/// -m, -t, -v, --json, with their environment variables.
void add_run_options(CLI::App& verb, RunOptions& options);
/// -c, for verbs that hold a conversation.
void add_context_option(CLI::App& verb, RunOptions& options);

/// Warns on stderr of weights without a kernel, once per process.
void warn_of_fallbacks(const Model& model);

/// Reports on a model that was opened: its fallbacks and, with --verbose, its shape.
void tell_of_model(const Model& model, const RunOptions& options);

[[nodiscard]] Result<Model> open_model(const RunOptions& options, Precision precision = Precision::automatic,
                                       const Rounding& rounding = {});

}  // namespace mobiedit::cli
