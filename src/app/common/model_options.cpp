#include "app/common/model_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <utility>

#include "app/common/console.h"

namespace mobiedit::cli {

void add_run_options(CLI::App& verb, RunOptions& options) {
  verb.add_option("-m,--model", options.model, "Model, a GGUF file")->required()->envname("MOBIEDIT_MODEL");
  verb.add_option("-t,--threads", options.threads, "Number of threads; 0: one per processor")
      ->envname("MOBIEDIT_THREADS")
      ->check(CLI::Range(0, 1024));
  verb.add_option("--activations", options.activation_bits,
                  "Bits of activations for answers, 8 or 16; a search always takes 8")
      ->check(CLI::IsMember({8, 16}));
  verb.add_flag("-v,--verbose", options.verbose, "Print more messages on stderr");
  verb.add_flag("--json", options.json, "Print one JSON document");
}

void add_context_option(CLI::App& verb, RunOptions& options) {
  verb.add_option("-c,--ctx-size", options.context, "Context length in tokens; 0: the model's own")
      ->envname("MOBIEDIT_CTX_SIZE")
      ->check(CLI::Range(0, 1 << 24));
}

void warn_of_fallbacks(const Model& model) {
  for (const std::string& sentence : model.fallbacks()) warn_once(sentence);
  for (const std::string& sentence : model.tokenizer().warnings()) warn_once(sentence);
}

void tell_of_model(const Model& model, const RunOptions& options) {
  warn_of_fallbacks(model);
  if (!options.verbose) return;
  const ModelConfig& config = model.config();
  say(fmt::format("{}: {}, {} layers, hidden size {}, {} tokens, {}", options.model, config.architecture, config.layers,
                  config.d, config.vocab, model.arithmetic()));
}

Result<Model> open_model(const RunOptions& options, Precision precision, const Rounding& rounding) {
  ModelOptions model_options;
  model_options.threads = options.threads;
  model_options.precision = precision;
  model_options.rounding = rounding;
  auto model = Model::open(options.model, model_options);
  if (model) tell_of_model(*model, options);
  return model;
}

}  // namespace mobiedit::cli
