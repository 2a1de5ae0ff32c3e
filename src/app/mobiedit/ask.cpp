// mobiedit ask: what a model says after a prompt.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "app/common/console.h"
#include "app/common/interrupt.h"
#include "app/common/model_options.h"
#include "app/mobiedit/delivery.h"
#include "app/mobiedit/store_options.h"
#include "app/mobiedit/verbs.h"
#include "mobiedit/model/session.h"

namespace mobiedit::cli {
namespace {

using Json = nlohmann::ordered_json;

struct AskOptions {
  RunOptions run;
  std::vector<std::string> lora;
  std::vector<std::string> lora_scaled;
  StoreOptions store;
  bool edits = false;
  std::string prompt;
  int top = 0;
  GenerateOptions generate{.max_tokens = 32};
};

struct Candidate {
  Token token;
  double log_probability;
};

/// The `count` most probable next tokens, best first.
std::vector<Candidate> most_probable(std::span<const float> logits, int count) {
  const float largest = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(double{logit} - largest);
  const double normaliser = largest + std::log(sum);

  std::vector<Token> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto kept = std::min<std::ptrdiff_t>(count, static_cast<std::ptrdiff_t>(order.size()));
  const auto better = [&](Token a, Token b) {
    const float x = logits[static_cast<std::size_t>(a)];
    const float y = logits[static_cast<std::size_t>(b)];
    return x != y ? x > y : a < b;
  };
  std::partial_sort(order.begin(), order.begin() + kept, order.end(), better);
  std::vector<Candidate> candidates;
  for (auto token = order.begin(); token != order.begin() + kept; ++token) {
    candidates.push_back({*token, logits[static_cast<std::size_t>(*token)] - normaliser});
  }
  return candidates;
}

std::string as_text(const Generation& generation, const std::vector<Candidate>& top, const Tokenizer& tokenizer) {
  // The space that parts the answer from the prompt is no part of the answer.
  const auto begin = generation.text.find_first_not_of(" \n");
  std::string text = begin == std::string::npos ? std::string() : generation.text.substr(begin);
  if (!text.ends_with('\n')) text += '\n';
  for (const Candidate& candidate : top) {
    const Json piece = tokenizer.piece(candidate.token, true);
    text += fmt::format("{:8.4f} %  {}\n", 100 * std::exp(candidate.log_probability),
                        piece.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  return text;
}

Json as_json(const AskOptions& options, const Generation& generation, const std::vector<Candidate>& top,
             const Tokenizer& tokenizer) {
  Json document{{"schema", "mobiedit.ask/1"}, {"model", options.run.model},  {"prompt", options.prompt},
                {"text", generation.text},    {"tokens", generation.tokens}, {"ended", generation.ended}};
  if (options.top > 0) {
    Json list = Json::array();
    for (const Candidate& candidate : top) {
      list.push_back({{"id", candidate.token},
                      {"token", tokenizer.piece(candidate.token, true)},
                      {"probability", std::exp(candidate.log_probability)},
                      {"log_probability", candidate.log_probability}});
    }
    document["top"] = std::move(list);
  }
  return document;
}

Result<std::vector<AdapterOption>> adapters_of(const AskOptions& options) {
  std::vector<AdapterOption> adapters;
  for (const auto* list : {&options.lora, &options.lora_scaled}) {
    for (const std::string& text : *list) {
      auto adapter = parse_adapter(text, list == &options.lora_scaled);
      if (!adapter) return std::unexpected(adapter.error());
      adapters.push_back(std::move(*adapter));
    }
  }
  return adapters;
}

/// Adds the edits in force for the model.
Status add_edits(std::vector<LowRankDelta>& deltas, const StoreOptions& options, const Model& model) {
  const auto store = open_store_to_read(options);
  if (!store) return std::unexpected(store.error());
  if (!*store) return {};
  const auto edits = (*store)->in_force(model.fingerprint());
  if (!edits) return std::unexpected(edits.error());
  auto stacked = deltas_of(*edits);
  if (!stacked) return std::unexpected(stacked.error());
  std::ranges::move(*stacked, std::back_inserter(deltas));
  return {};
}

int ask(const AskOptions& options) {
  const CancelToken cancel = catch_interrupts();
  const auto adapters = adapters_of(options);
  if (!adapters) return failed(adapters.error());
  const auto model = open_model(options.run);
  if (!model) return failed(model.error());
  auto session = Session::create(*model, options.run.session());
  if (!session) return failed(session.error(), "--ctx-size");
  auto deltas = load_adapters(*model, *adapters);
  if (!deltas) return failed(deltas.error());
  if (options.edits) {
    if (auto added = add_edits(*deltas, options.store, *model); !added) return failed(added.error());
  }
  if (auto set = session->set_adapters(std::move(*deltas)); !set) return failed(set.error());

  const Tokenizer& tokenizer = model->tokenizer();
  if (auto read = session->append(tokenizer.encode(options.prompt), cancel); !read) {
    return failed(read.error(), "--prompt");
  }
  const auto top = options.top > 0 ? most_probable(session->logits(), options.top) : std::vector<Candidate>{};
  const auto generation = session->generate(options.generate, {}, cancel);
  if (!generation) return failed(generation.error());
  return finished(options.run.json ? print_json(as_json(options, *generation, top, tokenizer))
                                   : print_result(as_text(*generation, top, tokenizer)));
}

}  // namespace

void add_ask(CLI::App& app, Run& run) {
  auto options = std::make_shared<AskOptions>();
  CLI::App* verb = app.add_subcommand("ask", "Continue a prompt");
  add_run_options(*verb, options->run);
  add_context_option(*verb, options->run);
  verb->add_option("--lora", options->lora, "An adapter, FILE or FILE:SCALE; may be given again");
  verb->add_option("--lora-scaled", options->lora_scaled, "An adapter with its scale, FILE:SCALE");
  verb->add_flag("--edits", options->edits, "With the kept edits of this model in force");
  add_store_option(*verb, options->store);
  verb->add_option("-p,--prompt", options->prompt, "What to continue")->required()->envname("MOBIEDIT_PROMPT");
  verb->add_option("-n,--predict", options->generate.max_tokens, "Tokens to generate at most (default 32)")
      ->envname("MOBIEDIT_N_PREDICT")
      ->check(CLI::Range(0, 1 << 24));
  verb->add_option("--top", options->top, "Show the K most probable next tokens")->check(CLI::Range(0, 1 << 20));
  verb->add_option("--temp", options->generate.temperature, "Temperature (default 0: always the most probable token)")
      ->envname("MOBIEDIT_TEMP")
      ->check(CLI::Range(0.0, 100.0));
  verb->add_option("-s,--seed", options->generate.seed, "Seed of sampling (default 0)")->envname("MOBIEDIT_SEED");
  verb->callback([options, &run] { run = [options] { return ask(*options); }; });
}

}  // namespace mobiedit::cli
