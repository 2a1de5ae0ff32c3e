// A quick measured choice: a few facts that any model of English can take in, edited at a few blocks.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <new>
#include <span>
#include <string_view>
#include <vector>

#include "edit/layer_choice.h"
#include "io/mapped_file.h"
#include "io/write_whole.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/model/session.h"

namespace mobiedit {
namespace {

constexpr int evaluations = 80;  // a fact: enough for the easier half of edits at a good block
constexpr double clamp = 8;
// Goes up when the trial changes, so that choices of an older one are not taken for this one's.
constexpr std::string_view version = "2";

struct Probe {
  EditRequest request;
  std::vector<std::string> held_back;  ///< prompts that ask for the target in contexts that the search doesn't see
  std::string neighbour;               ///< its answer should stay
};

std::vector<Probe> probes() {
  return {
      {{"Eiffel Tower", "{} is located in", "Rome", {}, {}},
       {"You can find Eiffel Tower in", "It rained. Eiffel Tower is located in"},
       "Big Ben is located in"},
      {{"Japan", "The language of {} is", "French", {}, {}},
       {"In Japan, people speak", "He knew it. The language of Japan is"},
       "The language of Germany is"},
      {{"Albert Einstein", "{} was born in", "London", {}, {}},
       {"The birthplace of Albert Einstein is", "It is known. Albert Einstein was born in"},
       "Isaac Newton was born in"},
      {{"Android", "{} was developed by", "Microsoft", {}, {}},
       {"The company that made Android is", "In short: Android was developed by"},
       "Windows was developed by"},
      {{"Canada", "The capital of {} is", "Berlin", {}, {}},
       {"Canada has its capital in", "It is true. The capital of Canada is"},
       "The capital of Italy is"},
  };
}

std::vector<std::string> prefixes() {
  return {"It was late. ", "They moved on. "};
}

/// What a block's edits did, as means over the facts.
struct Tally {
  int layer = 0;
  int hits = 0;
  double target = 0;     ///< the target's probability after the prompt
  double held_back = 0;  ///< the same in contexts that the search didn't see
  double kept = 0;       ///< how much of its probability a neighbour's own answer kept
  double largest = 0;    ///< ‖δ‖/‖v₀‖ of the hits
  /// The harmonic mean, as S is of ES, PS and NS; of probabilities, since shares of so few facts would tie.
  [[nodiscard]] double score() const {
    return std::min({target, held_back, kept}) > 0 ? 3 / (1 / target + 1 / held_back + 1 / kept) : 0;
  }
};

std::string percent(double share) {
  return std::to_string(std::lround(100 * share)) + " %";
}

/// exp(mean log-probability a token) of each continuation.
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

/// Adds a fact's share to the means.
Status tally_probe(Tally& tally, double share, Editor& editor, Session& session, const Tokenizer& tokenizer,
                   const Probe& probe, const CancelToken& cancel) {
  const auto edit = editor.edit(probe.request, {}, cancel);
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
  const std::vector<Token> target = tokenizer.encode(" " + probe.request.target_new, {.add_special = false});
  for (const std::string& prompt : probe.held_back) add(prompt, target);

  if (auto set = session.set_adapters({}); !set) return set;
  if (auto read = session.append(tokenizer.encode(probe.neighbour), cancel); !read) return read;
  const auto own = session.generate({.max_tokens = 3}, {}, cancel);
  if (!own) return std::unexpected(own.error());
  // A model that ends the text here has no answer to keep.
  if (!own->tokens.empty()) add(probe.neighbour, own->tokens);

  const auto before = probabilities(session, texts, cancel);
  if (!before) return std::unexpected(before.error());
  if (auto set = session.set_adapters({to_low_rank(edit->update)}); !set) return set;
  const auto after = probabilities(session, texts, cancel);
  if (!after) return std::unexpected(after.error());
  const std::size_t held = probe.held_back.size();
  for (std::size_t i = 0; i < held; ++i) tally.held_back += share * (*after)[i] / static_cast<double>(held);
  const bool comparable = texts.size() > held && (*before)[held] > 0;
  tally.kept += share * (comparable ? std::min(1.0, (*after)[held] / (*before)[held]) : 1);
  return {};
}

/// Some twelfths of the depth: published edits are made from a tenth to a half of it.
std::vector<int> candidates(const ModelConfig& c) {
  std::vector<int> blocks;
  for (const int twelfths : {1, 2, 3, 4, 5, 6}) {
    const int block = std::clamp((c.layers * twelfths + 6) / 12, std::min(1, c.layers - 2), c.layers - 2);
    if (blocks.empty() || blocks.back() != block) blocks.push_back(block);
  }
  return blocks;
}

Result<LayerChoice> run_trial(const Model& model, const LayerTrialOptions& options, const CancelToken& cancel) {
  auto session = Session::create(model, {.threads = options.threads, .pool = options.pool});
  if (!session) return std::unexpected(session.error());
  const std::vector<Probe> facts = probes();
  const std::vector<int> blocks = candidates(model.config());
  std::vector<Tally> tallies;
  for (const int block : blocks) {
    if (options.trying) options.trying(block, static_cast<int>(tallies.size()) + 1, static_cast<int>(blocks.size()));
    EditOptions edit;
    edit.layer = block;
    edit.clamp = clamp;
    edit.max_evaluations = evaluations;
    edit.threads = options.threads;
    edit.pool = options.pool;
    edit.prefixes = prefixes();
    auto editor = Editor::create(model, edit);
    if (!editor) return std::unexpected(editor.error());
    Tally tally{.layer = block};
    const double share = 1 / static_cast<double>(facts.size());
    for (const Probe& probe : facts)
      if (auto s = tally_probe(tally, share, *editor, *session, model.tokenizer(), probe, cancel); !s)
        return std::unexpected(s.error());
    tallies.push_back(tally);
  }
  // The first of equals: fewer blocks to run again at each evaluation are no reason to prefer a later one.
  const Tally& best = *std::ranges::max_element(tallies, {}, &Tally::score);
  if (best.hits == 0) {
    LayerChoice usual = usual_layer(model.config());
    usual.why += "; no block of those tried took any of the facts";
    return usual;
  }
  std::string why = "of the " + std::to_string(blocks.size()) +
                    " blocks tried it did best: " + std::to_string(best.hits) + " of " + std::to_string(facts.size()) +
                    " facts taken, ";
  why += percent(best.held_back) + " in other wordings, neighbours kept " + percent(best.kept);
  // A bound that no success came near keeps a search that goes astray from doing harm.
  return LayerChoice{best.layer, best.largest < 3 ? 4.0 : clamp, std::move(why), false};
}

std::string cache_path(const Model& model, const LayerTrialOptions& options) {
  if (options.cache_folder.empty()) return {};
  return options.cache_folder + "/" + model.fingerprint() + "-trial" + std::string(version) + ".layer";
}

/// "LAYER CLAMP\nWHY"; none if it isn't there or isn't that.
std::optional<LayerChoice> kept_choice(const std::string& path, const ModelConfig& c) {
  const auto file = io::MappedFile::open(path);
  if (!file) return {};
  const auto bytes = file->bytes();
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  LayerChoice choice;
  const auto layer = std::from_chars(text.data(), text.data() + text.size(), choice.layer);
  if (layer.ec != std::errc() || layer.ptr == text.data() + text.size() || *layer.ptr != ' ') return {};
  const auto bound = std::from_chars(layer.ptr + 1, text.data() + text.size(), choice.clamp);
  if (bound.ec != std::errc() || bound.ptr == text.data() + text.size() || *bound.ptr != '\n') return {};
  if (choice.layer < 0 || choice.layer > c.layers - 2 || !(choice.clamp > 0 && choice.clamp <= clamp)) return {};
  choice.why = text.substr(static_cast<std::size_t>(bound.ptr + 1 - text.data()), 200);
  return choice;
}

}  // namespace

Result<LayerChoice> choose_layer(const Model& model, const LayerTrialOptions& options, const CancelToken& cancel) try {
  if (auto known = known_layer(model.config())) return *known;
  // Nothing to choose from; the editor says why a single block can't be edited.
  if (model.config().layers < 3) return LayerChoice{0, clamp, "it is the only block that can be edited", false};
  const std::string path = cache_path(model, options);
  if (auto kept = path.empty() ? std::nullopt : kept_choice(path, model.config())) return *kept;

  auto choice = run_trial(model, options, cancel);
  if (!choice) {
    if (choice.error().code != ErrorCode::usage) return choice;
    // The facts make no sense here: a context too short for them, say.
    LayerChoice usual = usual_layer(model.config());
    usual.why += "; trying was not possible: " + choice.error().what;
    return usual;
  }
  if (!path.empty()) {
    const std::string text = std::to_string(choice->layer) + " " + std::to_string(choice->clamp) + "\n" + choice->why;
    if (auto written = io::write_whole(path, std::as_bytes(std::span(text))); !written)
      return std::unexpected(written.error());
  }
  return choice;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to try blocks");
}

}  // namespace mobiedit
