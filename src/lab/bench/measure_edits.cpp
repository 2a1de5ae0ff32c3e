#include "lab/bench/measure_edits.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <span>
#include <tuple>
#include <utility>

#include "backend/cpu/contents.h"
#include "base/stopwatch.h"
#include "edit/contexts.h"
#include "io/peak_memory.h"
#include "lab/bench/machine.h"
#include "lab/bench/measure_model.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/edit/plan.h"

namespace mobiedit {
namespace {

using Json = nlohmann::ordered_json;

// Rows of the largest batch of an edit.
constexpr int peer_rows = 256;

/// Shape of a measured edit.
struct EditKind {
  int evaluations;
  int contexts;
  int tokens;
};

/// A target of `tokens` tokens in the vocabulary of the model; shorter if the words below do not give as many.
std::string target_of(const Tokenizer& tokenizer, int tokens) {
  // Made-up vocabularies have one token for each of these words.
  constexpr const char* words[] = {"Greek", "indeed", "new", "house", "time", "river", "year", "road"};
  std::string text;
  std::size_t length = 0;
  for (bool grown = true; grown && length < static_cast<std::size_t>(tokens);) {
    grown = false;
    for (const char* word : words) {
      if (length == static_cast<std::size_t>(tokens)) break;
      const std::string longer = text + " " + word;
      if (tokenizer.encode(longer, {.add_special = false}).size() != length + 1) continue;
      text = longer;
      ++length;
      grown = true;
    }
  }
  return text.empty() ? measured_target() : text.substr(1);
}

class EditTimes {
 public:
  EditTimes(const Model& model, const EditSweeps& options, const MachinePeak& peak, double peer,
            const BenchObserver& observer, const CancelToken& cancel)
      : model_(model), options_(options), peak_(peak), peer_(peer), observer_(observer), cancel_(cancel) {}

  /// Returns the case of such an edit. Measures it at the first call.
  Result<Json> of(const EditKind& kind) {
    const auto key = std::tuple(kind.evaluations, kind.contexts, kind.tokens);
    if (const auto known = known_.find(key); known != known_.end()) return known->second;
    observer_.say(fmt::format("an edit of {} evaluations, {} context{}, a target of {} token{}", kind.evaluations,
                              kind.contexts, kind.contexts > 1 ? "s" : "", kind.tokens, kind.tokens > 1 ? "s" : ""));
    const EditRequest request{
        measured_subject(), measured_prompt(), target_of(model_.tokenizer(), kind.tokens), {}, {}};
    std::vector<std::string> prefixes = default_prefixes();
    prefixes.resize(static_cast<std::size_t>(kind.contexts - 1));
    // The margin keeps the search going after the edit is found, so that it makes all evaluations.
    const EditOptions options{.layer = options_.layer,
                              .max_evaluations = kind.evaluations,
                              .threads = options_.threads,
                              .prefixes = std::move(prefixes),
                              .settings = {{"stop_margin", 1e6}, {"hard_margin_share", 1}, {"patience", 0}}};
    EditEvidence evidence;
    Status status;
    const double seconds = best_seconds(options_.repeats, 0, [&] {
      if (!status) return;
      auto editor = Editor::create(model_, options);
      auto edit = editor ? editor->edit(request, {}, cancel_) : std::unexpected(editor.error());
      if (edit)
        evidence = std::move(edit->evidence);
      else
        status = std::unexpected(edit.error());
    });
    if (!status) return std::unexpected(status.error());
    auto one = case_of(kind, request, options, evidence, seconds);
    if (one) known_.emplace(key, *one);
    return one;
  }

 private:
  Result<Json> case_of(const EditKind& kind, const EditRequest& request, const EditOptions& options,
                       const EditEvidence& evidence, double seconds) const {
    const auto plan = plan_edit(model_, {}, options, request, evidence.evaluations);
    if (!plan) return std::unexpected(plan.error());
    const auto contexts = build_contexts(model_, request, *options.prefixes);
    if (!contexts) return std::unexpected(contexts.error());
    const bool quantised = model_.arithmetic().starts_with("int");
    PlannedWork work;
    for (const PlannedPass& pass : plan->passes) {
      const PlannedWork of_pass = work_of(model_.config(), pass, quantised);
      work.integer += pass.times * of_pass.integer;
      work.floating += pass.times * of_pass.floating;
    }
    Json one{{"evaluations", evidence.evaluations},
             {"contexts", kind.contexts},
             {"target_tokens", contexts->target.size()},
             {"rows", plan->rows},
             {"tokens", rounded(evidence.tokens)},
             {"multiply_accumulates", {{"integer", rounded(work.integer)}, {"floating", rounded(work.floating)}}},
             {"seconds", rounded(seconds)}};
    const bool measured = peak_.int8_gops > 0 && peak_.f32_gflops > 0;
    const double floor = measured ? 2e-9 * (work.integer / peak_.int8_gops + work.floating / peak_.f32_gflops) : 0;
    one["floor_seconds"] = measured ? Json(rounded(floor)) : Json();
    one["over_floor"] = measured ? Json(rounded(seconds / floor)) : Json();
    one["peer_seconds"] = peer_ > 0 ? Json(rounded(evidence.tokens / peer_)) : Json();
    return one;
  }

  const Model& model_;
  const EditSweeps& options_;
  const MachinePeak& peak_;
  double peer_;  ///< tokens per second, or 0
  const BenchObserver& observer_;
  const CancelToken& cancel_;
  std::map<std::tuple<int, int, int>, Json> known_;
};

}  // namespace

Result<Json> measure_edits(const std::string& path, const EditSweeps& options, bool with_sweeps, const Peer* peer,
                           const BenchObserver& observer, const CancelToken& cancel) {
  io::reset_peak_memory();
  observer.say("loading " + path);
  const auto model = Model::open(path, {.threads = options.threads});
  if (!model) return std::unexpected(model.error());
  observer.opened(*model);
  MachinePeak peak;
  Json out = measured_model(path, *model, options.threads, peak);
  out["layer"] = options.layer;
  out["peer"] = Json();
  double peer_speed = 0;
  if (peer != nullptr) {
    observer.say("reading with " + peer->name());
    const int rows = std::min(peer_rows, model->config().context);
    if (const auto speed = peer->tokens_per_second(path, {rows, 0, 0}, out["threads"].get<int>())) {
      peer_speed = *speed;
      out["peer"] = {{"program", peer->name()}, {"rows", rows}, {"tokens_per_second", rounded(*speed)}};
    } else {
      observer.warn(peer->name() + " could not measure the file: " + speed.error().message());
    }
  }

  EditTimes times(*model, options, peak, peer_speed, observer, cancel);
  const EditKind usual{options.usual_evaluations, options.usual_contexts, options.usual_tokens};
  out["cases"] = Json::array();
  const auto add = [&](const char* varied, const EditKind& kind) -> Status {
    const auto one = times.of(kind);
    if (!one) return std::unexpected(one.error());
    Json entry{{"varied", varied}};
    entry.update(*one);
    out["cases"].push_back(std::move(entry));
    return {};
  };
  if (auto s = add("none", usual); !s) return std::unexpected(s.error());
  const auto vary = [&](const char* varied, std::span<const int> values, int EditKind::* field) -> Status {
    for (const int value : values) {
      EditKind kind = usual;
      kind.*field = value;
      if (auto s = add(varied, kind); !s) return s;
    }
    return {};
  };
  Status s;
  if (with_sweeps) s = vary("evaluations", options.evaluations, &EditKind::evaluations);
  if (with_sweeps && s) s = vary("contexts", options.contexts, &EditKind::contexts);
  if (with_sweeps && s) s = vary("target", options.tokens, &EditKind::tokens);
  if (!s) return std::unexpected(s.error());
  out["peak_rss_bytes"] = io::peak_memory();
  return out;
}

Json edits_json(const Json& models) {
  constexpr const char* notes =
      "Floor: the multiply-accumulates that `mobiedit plan` counts, at the peak measured in the same run. llama-bench: "
      "the time that it takes to read as many tokens as the edit computed (rows through a layer, over the number of "
      "layers); it edits nothing. Edits go on after they are found, until all evaluations are made.";
  return {{"schema", "mobiedit.bench.edit/1"}, {"models", models}, {"notes", {notes}}};
}

}  // namespace mobiedit
