// Layer trial: edits a few built-in facts at a few layers and chooses the best layer.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "edit/layer_choice.h"
#include "edit/layer_trial_facts.h"
#include "edit/statistics/cache.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/model/session.h"

namespace mobiedit {
namespace {

constexpr int trial_evaluations = 80;  // per fact: enough for the easier half of edits at a good layer
constexpr double trial_clamp = 8;
constexpr std::uint32_t trial_version =
    2;  // a changed trial gets the next number, so that cached choices are made anew

/// Results of one layer's edits, as means over the facts.
struct Tally {
  int layer = 0;
  int hits = 0;
  double target = 0;     ///< probability of the target after the prompt
  double unseen = 0;     ///< probability of the target after prompts that the search did not see
  double neighbour = 0;  ///< share of its probability that a neighbour's own answer keeps
  double largest = 0;    ///< largest ‖δ‖/‖v₀‖ of the hits
  /// Harmonic mean, as S of ES, PS and NS. Of probabilities, as shares of so few facts would tie.
  [[nodiscard]] double score() const {
    return std::min({target, unseen, neighbour}) > 0 ? 3 / (1 / target + 1 / unseen + 1 / neighbour) : 0;
  }
};

std::string percent(double share) {
  return std::to_string(std::lround(100 * share)) + " %";
}

/// exp(mean log-probability per token) of each continuation.
Result<std::vector<double>> probabilities(Session& session, const std::vector<ScoredText>& texts,
                                          const CancelToken& cancel) {
  const auto scores = session.score(texts, cancel);
  if (!scores) return std::unexpected(scores.error());
  std::vector<double> found;
  for (const Score& score : *scores) {
    double sum = 0;
    for (const float x : score.log_probabilities) sum += x;
    found.push_back(std::exp(sum / static_cast<double>(score.log_probabilities.size())));
  }
  return found;
}

/// Makes one edit and adds its results, times `share`, to the means.
Status tally_fact(Tally& tally, double share, Editor& editor, Session& session, const Tokenizer& tokenizer,
                  const TrialFact& fact, const CancelToken& cancel) {
  const auto edit = editor.edit(fact.request, {}, cancel);
  if (!edit) return std::unexpected(edit.error());
  tally.target += share * edit->evidence.target_probability_after;
  if (edit->evidence.success) {
    ++tally.hits;
    tally.largest = std::max(tally.largest, edit->evidence.delta_norm_ratio);
  }

  std::vector<ScoredText> texts;
  const auto add = [&](const std::string& prompt, std::span<const Token> answer) {
    ScoredText text{tokenizer.encode(prompt), 0};
    text.first = static_cast<int>(text.tokens.size());
    text.tokens.insert(text.tokens.end(), answer.begin(), answer.end());
    texts.push_back(std::move(text));
  };
  const std::vector<Token> target = tokenizer.encode(" " + fact.request.target_new, {.add_special = false});
  for (const std::string& prompt : fact.unseen_prompts) add(prompt, target);

  if (auto set = session.set_in_force({}); !set) return set;
  if (auto read = session.append(tokenizer.encode(fact.neighbour), cancel); !read) return read;
  const auto own = session.generate({.max_tokens = 3}, {}, cancel);
  if (!own) return std::unexpected(own.error());
  // A model that ends the text here has no answer that could stay.
  if (!own->tokens.empty()) add(fact.neighbour, own->tokens);

  const auto before = probabilities(session, texts, cancel);
  if (!before) return std::unexpected(before.error());
  if (auto set = session.set_in_force(changes_of(edit->update)); !set) return set;
  const auto after = probabilities(session, texts, cancel);
  if (!after) return std::unexpected(after.error());
  const std::size_t held = fact.unseen_prompts.size();
  for (std::size_t i = 0; i < held; ++i) tally.unseen += share * (*after)[i] / static_cast<double>(held);
  const bool comparable = texts.size() > held && (*before)[held] > 0;
  tally.neighbour += share * (comparable ? std::min(1.0, (*after)[held] / (*before)[held]) : 1);
  return {};
}

/// Twelfths of the depth, as published edits are made from a tenth to a half of it.
std::vector<int> candidates(const ModelConfig& c) {
  std::vector<int> layers;
  for (const int twelfths : {1, 2, 3, 4, 5, 6}) {
    const int layer = std::clamp((c.layers * twelfths + 6) / 12, std::min(1, c.layers - 2), c.layers - 2);
    if (layers.empty() || layers.back() != layer) layers.push_back(layer);
  }
  return layers;
}

Result<LayerChoice> run_trial(const Model& model, const LayerTrialOptions& options, const CancelToken& cancel) {
  auto session = Session::create(model, {.threads = options.threads, .pool = options.pool});
  if (!session) return std::unexpected(session.error());
  const std::vector<TrialFact> facts = trial_facts();
  const std::vector<int> layers = candidates(model.config());
  std::vector<Tally> tallies;
  for (const int layer : layers) {
    if (options.trying) options.trying(layer, static_cast<int>(tallies.size()) + 1, static_cast<int>(layers.size()));
    EditOptions edit;
    edit.layer = layer;
    edit.clamp = trial_clamp;
    edit.max_evaluations = trial_evaluations;
    edit.threads = options.threads;
    edit.pool = options.pool;
    edit.prefixes = trial_prefixes();
    auto editor = Editor::create(model, edit);
    if (!editor) return std::unexpected(editor.error());
    Tally tally{.layer = layer};
    const double share = 1 / static_cast<double>(facts.size());
    for (const TrialFact& fact : facts)
      if (auto s = tally_fact(tally, share, *editor, *session, model.tokenizer(), fact, cancel); !s)
        return std::unexpected(s.error());
    tallies.push_back(tally);
  }
  // The first of equals: a later layer has fewer layers to evaluate, but that is no reason to prefer it.
  const Tally& best = *std::ranges::max_element(tallies, {}, &Tally::score);
  if (best.hits == 0) {
    LayerChoice usual = usual_layer(model.config());
    usual.why += "; no layer of those tried took any of the facts";
    return usual;
  }
  std::string why = "the best of " + std::to_string(layers.size()) + " layers tried: " + std::to_string(best.hits) +
                    " of " + std::to_string(facts.size()) + " facts taken, ";
  why += percent(best.unseen) + " in other wordings, neighbours keep " + percent(best.neighbour);
  // A bound well above every success limits the harm of a search that goes astray.
  return LayerChoice{best.layer, best.largest < 3 ? 4.0 : trial_clamp, std::move(why), false};
}

constexpr const char* layer_key = "layer";
constexpr const char* clamp_key = "clamp";
constexpr const char* reason_key = "why";

StatisticsKey choice_key(const Model& model) {
  return {.kind = "layer-choice",
          .version = trial_version,
          .model = model.fingerprint(),
          .layer = -1,
          .text = {},
          .active_edits = {}};
}

std::optional<LayerChoice> cached_choice(const StatisticsCache& cache, const Model& model, int layers) {
  const auto file = cache.find(choice_key(model));
  if (!file) return {};
  const auto layer = file->integer(layer_key);
  const auto bound = file->number(clamp_key);
  const auto why = file->string(reason_key);
  if (!layer || !*layer || !bound || !*bound || !why || !*why) return {};
  if (**layer > static_cast<std::uint64_t>(layers - 2) || !(**bound > 0 && **bound <= trial_clamp)) return {};
  return LayerChoice{static_cast<int>(**layer), **bound, **why, false};
}

Status cache_choice(const StatisticsCache& cache, const Model& model, const LayerChoice& choice) {
  gguf::Writer file;
  file.set_u32(layer_key, static_cast<std::uint32_t>(choice.layer));
  file.set_f32(clamp_key, static_cast<float>(choice.clamp));
  file.set_string(reason_key, choice.why);
  return cache.put(choice_key(model), file);
}

}  // namespace

Result<LayerChoice> choose_layer(const Model& model, const LayerTrialOptions& options, const CancelToken& cancel) try {
  if (auto known = known_layer(model.config())) return *known;
  // There is nothing to choose from. The editor refuses a model with a single layer.
  if (model.config().layers < 3) return LayerChoice{0, trial_clamp, "it is the only layer that can be edited", false};
  const StatisticsCache cache(options.cache_folder);
  if (auto cached = cached_choice(cache, model, model.config().layers)) return *cached;

  auto choice = run_trial(model, options, cancel);
  if (!choice) {
    if (choice.error().code != ErrorCode::usage) return choice;
    // The facts do not fit the model: its context is too short for them, say.
    LayerChoice usual = usual_layer(model.config());
    usual.why += "; trying was not possible: " + choice.error().what;
    return usual;
  }
  if (auto written = cache_choice(cache, model, *choice); !written) return std::unexpected(written.error());
  return choice;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to try layers");
}

std::optional<LayerChoice> settled_layer(const Model& model, const std::string& cache_folder) {
  // The file's own config: the model may be loaded in part.
  const auto config = ModelConfig::from_file(model.file());
  if (!config) return {};
  if (auto known = known_layer(*config)) return known;
  return cached_choice(StatisticsCache(cache_folder), model, config->layers);
}

}  // namespace mobiedit
