// mobiedit-lab bench edit: seconds of whole edits, by size of the model and properties of the edit.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/common/console.h"
#include "app/common/interrupt.h"
#include "app/lab/bench.h"
#include "lab/bench/made_model.h"
#include "lab/bench/measure_edits.h"
#include "lab/bench/peer.h"

namespace mobiedit::cli {
namespace {

using Json = nlohmann::ordered_json;

struct BenchEdit {
  std::vector<std::string> models;
  std::vector<std::string> shapes;
  MadeModelOptions made;
  EditSweeps sweeps;
  bool peer = true;
  bool json = false;
};

constexpr const char* notes =
    "Floor: the multiply-accumulates that `mobiedit plan` counts, at the peak measured in the same run. llama-bench: "
    "the "
    "time that it takes to read as many tokens as the edit computed (rows through a layer, over the number of layers); "
    "it edits nothing. Edits go on after they are found, until all evaluations are made.";

std::string or_dash(const Json& value) {
  return value.is_null() ? "-" : value.dump();
}

std::vector<std::vector<std::string>> rows_of(const Json& models) {
  std::vector<std::vector<std::string>> rows{{"model", "varied", "evaluations", "contexts", "target tokens", "seconds",
                                              "floor, s", "over floor", "llama-bench, s"}};
  for (const Json& m : models)
    for (const Json& one : m["cases"])
      rows.push_back({m["model"]["name"].get<std::string>(), one["varied"].get<std::string>(),
                      one["evaluations"].dump(), one["contexts"].dump(), one["target_tokens"].dump(),
                      one["seconds"].dump(), or_dash(one["floor_seconds"]), or_dash(one["over_floor"]),
                      or_dash(one["peer_seconds"])});
  return rows;
}

std::vector<std::string> about(const Json& models) {
  std::vector<std::string> lines;
  for (const Json& m : models) {
    std::string line = fmt::format(
        "{}: {}, {}, {} threads, block {}; measured peak {} G operations a second on bytes, {} in float; peak memory "
        "{}",
        m["model"]["name"].get<std::string>(), human_bytes(m["model"]["bytes"].get<std::uint64_t>()),
        m["arithmetic"].get<std::string>(), m["threads"].dump(), m["layer"].dump(), m["peak_int8_gops"].dump(),
        m["peak_f32_gflops"].dump(), human_bytes(m["peak_rss_bytes"].get<std::uint64_t>()));
    const Json& peer = m["peer"];
    lines.push_back(line + (peer.is_null() ? "; llama-bench: absent"
                                           : fmt::format("; llama-bench: {} tokens/s, {} at once",
                                                         peer["tokens_per_second"].dump(), peer["rows"].dump())));
  }
  return lines;
}

std::string edits_text(const Json& models) {
  std::string text;
  for (const std::string& line : about(models)) text += line + "\n";
  std::vector<std::size_t> widths;
  const auto rows = rows_of(models);
  for (const auto& row : rows) {
    widths.resize(row.size());
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      text += i < 2 ? fmt::format("{:<{}}  ", row[i], widths[i]) : fmt::format("{:>{}}  ", row[i], widths[i]);
    text.erase(text.find_last_not_of(' ') + 1);
    text += "\n";
  }
  return text;
}

int bench_edit(const BenchEdit& verb) {
  if (verb.models.empty() && verb.shapes.empty())
    return failed({ErrorCode::usage, "--shape or -m is needed", "", "either may be given several times"});
  if (!verb.shapes.empty() && verb.made.folder.empty())
    return failed({ErrorCode::usage, "--folder is needed: where to write the model", "",
                   "it needs about as much room as the real model's file"});
  const CancelToken cancel = catch_interrupts();
  std::optional<Peer> peer;
  const BenchObserver observer = bench_observer();
  if (verb.peer) peer = Peer::find(observer.guard);

  Json models = Json::array();
  const auto measure = [&](const std::string& path) -> Status {
    // Only the first model is swept: sweeps of all models would take too long.
    auto found = measure_edits(path, verb.sweeps, models.empty(), peer ? &*peer : nullptr, observer, cancel);
    if (!found) return std::unexpected(found.error());
    models.push_back(std::move(*found));
    return {};
  };
  for (const std::string& path : verb.models)
    if (auto s = measure(path); !s) return failed(s.error(), path.c_str());
  for (const std::string& shape : verb.shapes) {
    const auto made = MadeModel::make(shape, verb.made, observer, cancel);
    if (!made) return failed(made.error(), "--folder");
    if (auto s = measure(made->path().string()); !s) return failed(s.error(), made->path().c_str());
  }

  const Json document{{"schema", "mobiedit.bench.edit/1"}, {"models", models}, {"notes", {notes}}};
  return finished(verb.json ? print_json(document) : print_result(edits_text(models)));
}

}  // namespace

void add_bench_edit(CLI::App& bench, Run& run) {
  auto options = std::make_shared<BenchEdit>();
  CLI::App* verb = bench.add_subcommand("edit", "Whole edits, against the model's size and what the edit is of");
  verb->add_option("-m,--model", options->models, "A file to edit; may be repeated")
      ->allow_extra_args(false)
      ->envname("MOBIEDIT_MODEL");
  verb->add_option("--shape", options->shapes, "Whose shape to write and edit; may be repeated")
      ->allow_extra_args(false)
      ->check(CLI::IsMember(names_of_shapes()));
  add_made_model_options(*verb, options->made);
  add_bench_options(*verb, options->sweeps.threads, options->json);
  verb->add_option("--layer", options->sweeps.layer, "Layer to edit (default 5)");
  const auto list = [&](const char* name, std::vector<int>& values, const char* about_it, int most) {
    verb->add_option(name, values, about_it)->delimiter(',')->allow_extra_args(false)->check(CLI::Range(1, most));
  };
  list("--evaluations", options->sweeps.evaluations, "Evaluations per edit to time (default 10,50,150,300)", 100'000);
  list("--contexts", options->sweeps.contexts, "Contexts per edit to time (default 1,2,4,6)", 6);
  list("--target-tokens", options->sweeps.tokens, "Lengths of the target to time, in tokens (default 1,2,4,8)", 32);
  verb->add_option("--usual-evaluations", options->sweeps.usual_evaluations,
                   "Evaluations per edit while another property is varied (default 150)")
      ->check(CLI::Range(1, 100'000));
  verb->add_option("--repeats", options->sweeps.repeats,
                   "Number of times that each edit is made; the best counts (default 2)")
      ->check(CLI::Range(1, 1000));
  verb->add_flag("!--no-peer", options->peer, "Leave out llama-bench even if it is installed");
  verb->callback([options, &run] { run = [options] { return bench_edit(*options); }; });
}

}  // namespace mobiedit::cli
