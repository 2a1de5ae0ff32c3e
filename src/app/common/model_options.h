// Options of the verbs that run a model.
#pragma once

#include <string>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/model/low_rank.h"
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

/// Says on stderr what has no kernel, once however often a model is opened.
void warn_of_fallbacks(const Model& model);

/// Says what is worth saying of a model that was opened: fallbacks, and its shape where the user wants to hear more.
void tell_of_model(const Model& model, const RunOptions& options);

[[nodiscard]] Result<Model> open_model(const RunOptions& options, Precision precision = Precision::automatic,
                                       const Rounding& rounding = {});

/// An adapter and how strongly it counts, as --lora F[:SCALE] names it.
struct AdapterOption {
  std::string path;
  float scale = 1;
};

/// Errors: usage (a scale that is not a number where one is required).
[[nodiscard]] Result<AdapterOption> parse_adapter(const std::string& text, bool scale_required);

/// Reads the adapters and checks that they are this model's.
[[nodiscard]] Result<std::vector<LowRankDelta>> load_adapters(const Model& model,
                                                              const std::vector<AdapterOption>& adapters);

}  // namespace mobiedit::cli
