#include "lab/bench/measure_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "backend/cpu/contents.h"
#include "base/random.h"
#include "base/stopwatch.h"
#include "edit/contexts.h"
#include "edit/edit_objective.h"
#include "io/peak_memory.h"
#include "lab/bench/machine.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/model/session.h"

namespace mobiedit {
namespace {

using Json = nlohmann::ordered_json;

/// Multiply-accumulates with weights that one row takes in layers [first, end).
double macs_of_blocks(const ModelConfig& c, int first, int end) {
  const double attention = static_cast<double>(c.d) * (2 * c.q_size() + 2 * c.kv_size());
  return (attention + 3.0 * c.d * c.f) * (end - first);
}

class Measuring {
 public:
  Measuring(const Model& model, const MeasureOptions& options, const BenchObserver& observer, const CancelToken& cancel,
            Json& out)
      : model_(model), options_(options), observer_(observer), cancel_(cancel), out_(out) {}

  Status reading() {
    const ModelConfig& c = model_.config();
    const Activations activations = options_.activation_bits == 8 ? Activations::int8 : Activations::int16;
    auto session = Session::create(model_, {.threads = options_.threads, .activations = activations});
    if (!session) return std::unexpected(session.error());
    const int prefill = std::min(options_.prefill, c.context);
    const int decode = std::min(options_.decode, c.context);
    const int depth = std::min(options_.depth, c.context - decode);
    std::vector<Token> tokens(static_cast<std::size_t>(std::max({prefill, decode, depth})));
    Random random(3);
    for (Token& token : tokens) token = static_cast<Token>(random.below(static_cast<std::uint32_t>(c.vocab)));
    const auto first = [&](int count) { return std::span(tokens).first(static_cast<std::size_t>(count)); };
    observer_.say(
        fmt::format("reading {} tokens at once; then {} one by one, from a context of {}", prefill, decode, depth));
    Status status;
    const double reading = best_seconds(1, 1, [&] {
      session->clear();
      if (status) status = session->append(first(prefill), cancel_);
    });
    // Decodes twice, as caches are cold at first. Filling the context is not timed.
    double decoding = std::numeric_limits<double>::infinity();
    for (int repeat = 0; repeat < 2 && status; ++repeat) {
      session->clear();
      if (depth > 0) status = session->append(first(depth), cancel_);
      const Stopwatch watch;
      for (int i = 0; i < decode && status; ++i) status = session->append(first(1), cancel_);
      decoding = std::min(decoding, watch.seconds());
    }
    if (!status) return status;
    out_["activation_bits"] = options_.activation_bits;
    out_["prefill"] = {
        {"tokens", prefill}, {"seconds", rounded(reading)}, {"tokens_per_second", rounded(prefill / reading)}};
    out_["decode"] = {{"tokens", decode},
                      {"depth", depth},
                      {"seconds", rounded(decoding)},
                      {"tokens_per_second", rounded(decode / decoding)}};
    return {};
  }

  /// Adds the speeds of the peer, for equal numbers of tokens.
  void peer_reading(const Peer* peer, const std::string& path) {
    for (const char* kind : {"prefill", "decode"}) {
      Json& ours = out_[kind];
      ours["peer_tokens_per_second"] = Json();
      if (peer == nullptr) continue;
      const int tokens = ours["tokens"];
      const PeerReading reading =
          kind == std::string_view("prefill") ? PeerReading{tokens, 0, 0} : PeerReading{0, tokens, ours["depth"]};
      observer_.say(fmt::format("{} with {}", kind, peer->name()));
      const auto speed = peer->tokens_per_second(path, reading, out_["threads"].get<int>());
      if (!speed) {
        observer_.warn(peer->name() + " could not measure the file: " + speed.error().message());
        continue;
      }
      ours["peer_tokens_per_second"] = rounded(*speed);
      ours["of_peer"] = rounded(ours["tokens_per_second"].get<double>() / *speed);
    }
  }

  /// Times one evaluation alone, a step of four, and a large batch.
  Status evaluating() {
    const ModelConfig& c = model_.config();
    ThreadPool pool(options_.threads);
    const auto forward = make_forward_pass(model_, pool);
    auto contexts = build_contexts(model_, request(), default_prefixes());
    if (!contexts) return std::unexpected(contexts.error());
    auto problem = EditObjective::create(*forward, std::move(*contexts), {.layer = options_.layer}, cancel_);
    if (!problem) return std::unexpected(problem.error());
    const auto d = static_cast<std::size_t>(c.d);
    std::vector<float> deltas(static_cast<std::size_t>(options_.batch) * d);
    Random(5).fill_normal(deltas);
    Status status;
    Json times = Json::array();
    double alone = 0;
    for (const int n : {1, 4, options_.batch}) {
      observer_.say(fmt::format("{} evaluation{} at once", n, n > 1 ? "s" : ""));
      const double seconds = best_seconds(n > 4 ? 1 : 2, 0.5, [&] {
        if (status)
          if (const auto outputs = (*problem)->evaluate(deltas, n); !outputs) status = std::unexpected(outputs.error());
      });
      if (!status) return status;
      if (n == 1) alone = seconds;
      times.push_back(
          {{"at_once", n}, {"seconds_each", rounded(seconds / n)}, {"of_one_alone", rounded(seconds / n / alone)}});
    }
    int rows = 0;
    for (const Context& context : (*problem)->contexts().prompts)
      rows += static_cast<int>(context.tokens.size()) - context.subject_last;
    ++rows;  // of the KL prompt
    const auto wanted = static_cast<double>((*problem)->rows().size());
    const double macs = rows * macs_of_blocks(c, options_.layer + 1, c.layers - 1) +
                        wanted * (macs_of_blocks(c, 0, 1) + static_cast<double>(c.d) * c.vocab);
    macs_an_evaluation_ = macs;
    out_["evaluation"] = {{"contexts", (*problem)->contexts().prompts.size() + 1},
                          {"rows", rows},
                          {"logit_rows", wanted},
                          {"multiply_accumulates", rounded(macs)},
                          {"times", times}};
    return {};
  }

  Status editing(const MachinePeak& peak) {
    observer_.say(fmt::format("an edit of {} evaluations at block {}", options_.evaluations, options_.layer));
    const Stopwatch clock;
    auto editor = Editor::create(
        model_, {.layer = options_.layer, .max_evaluations = options_.evaluations, .threads = options_.threads});
    if (!editor) return std::unexpected(editor.error());
    auto edit = editor->edit(request(), {}, cancel_);
    if (!edit) return std::unexpected(edit.error());
    const double seconds = clock.seconds();
    const int evaluations = edit->evidence.evaluations;
    const double floor = 2e-9 * macs_an_evaluation_ * evaluations / std::max(peak.int8_gops, 1e-9);
    out_["edit"] = {{"layer", options_.layer},
                    {"evaluations", evaluations},
                    {"seconds", rounded(seconds)},
                    {"floor_seconds", rounded(floor)},
                    {"over_floor", rounded(seconds / floor)}};
    return {};
  }

 private:
  static EditRequest request() { return {measured_subject(), measured_prompt(), measured_target(), {}, {}}; }

  const Model& model_;
  const MeasureOptions& options_;
  const BenchObserver& observer_;
  const CancelToken& cancel_;
  Json& out_;
  double macs_an_evaluation_ = 0;
};

}  // namespace

double rounded(double value) {
  return std::stod(fmt::format("{:.4g}", value));
}

std::string measured_subject() {
  return "Achille Varzi";
}
std::string measured_prompt() {
  return "The mother tongue of {} is";
}
std::string measured_target() {
  return "Greek indeed";
}

Json measured_model(const std::string& path, const Model& model, int threads, MachinePeak& peak) {
  ThreadPool pool(threads);
  peak = measure_peak(model.contents().isa, pool);
  const ModelConfig& c = model.config();
  std::error_code ignored;
  return {{"threads", pool.threads()},
          {"model",
           {{"path", path},
            {"name", c.name},
            {"bytes", std::filesystem::file_size(path, ignored)},
            {"blocks", c.layers},
            {"d", c.d},
            {"f", c.f},
            {"vocab", c.vocab}}},
          {"arithmetic", model.arithmetic()},
          {"peak_int8_gops", rounded(peak.int8_gops)},
          {"peak_f32_gflops", rounded(peak.f32_gflops)},
          {"read_gbytes_per_second", rounded(peak.read_gbytes)}};
}

Result<Json> measure_model(const std::string& path, const MeasureOptions& options, const Peer* peer,
                           const BenchObserver& observer, const CancelToken& cancel) {
  std::error_code ignored;
  const auto bytes = std::filesystem::file_size(path, ignored);
  observer.say("loading " + path);
  const Stopwatch clock;
  const auto model = Model::open(path, {.threads = options.threads});
  if (!model) return std::unexpected(model.error());
  observer.opened(*model);
  const double loading = clock.seconds();
  const auto loaded = io::peak_memory();

  MachinePeak peak;
  Json out = measured_model(path, *model, options.threads, peak);
  out["peer"] = peer != nullptr ? Json(peer->name()) : Json();
  out["load"] = {{"seconds", rounded(loading)}, {"peak_rss_bytes", loaded}};
  Measuring measuring(*model, options, observer, cancel, out);
  if (auto s = measuring.reading(); !s) return std::unexpected(s.error());
  measuring.peer_reading(peer, path);
  if (auto s = measuring.evaluating(); !s) return std::unexpected(s.error());
  if (options.edit)
    if (auto s = measuring.editing(peak); !s) return std::unexpected(s.error());
  out["peak_rss_bytes"] = io::peak_memory();
  out["peak_over_file"] = rounded(static_cast<double>(io::peak_memory()) / static_cast<double>(bytes));
  return out;
}

}  // namespace mobiedit
