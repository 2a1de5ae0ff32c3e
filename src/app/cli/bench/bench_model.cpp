// mobiedit bench model: a model of a real one's shape, written, measured and removed.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>

#include "app/cli/bench/bench.h"
#include "app/cli/bench/measure_model.h"
#include "app/cli/bench/random_model.h"
#include "app/cli/console.h"
#include "app/cli/interrupt.h"
#include "edit/contexts.h"

namespace mobiedit::cli {
namespace {

using Json = nlohmann::ordered_json;

struct BenchModel {
  std::string model;  ///< a file that is there already; or
  std::string shape;
  std::string type = "q8_0";
  std::string folder;
  bool keep = false;
  bool json = false;
  bool only_write = false;
  std::uint64_t seed = 0;
  MeasureOptions measure;
};

constexpr ModelMix mixes[] = {ModelMix::q8_0, ModelMix::q4_0, ModelMix::q4_k};

std::vector<std::string> names_of_shapes() {
  std::vector<std::string> names;
  for (const ModelShape& shape : model_shapes()) names.emplace_back(shape.name);
  return names;
}

std::vector<std::string> names_of_mixes() {
  std::vector<std::string> names;
  for (const ModelMix mix : mixes) names.emplace_back(name(mix));
  return names;
}

/// Removes the file in the end, an interruption included.
class RemoveAtEnd {
 public:
  explicit RemoveAtEnd(std::filesystem::path path) : path_(std::move(path)), on_interrupt_(path_) {}
  ~RemoveAtEnd() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  RemoveAtEnd(const RemoveAtEnd&) = delete;
  RemoveAtEnd& operator=(const RemoveAtEnd&) = delete;

 private:
  std::filesystem::path path_;
  RemoveOnInterrupt on_interrupt_;
};

std::string text_of(const Json& j) {
  const auto gib = [](const Json& bytes) { return human_bytes(bytes.get<std::uint64_t>()); };
  std::string text = fmt::format("{}: {}, {}\n", j["model"]["name"].get<std::string>(), gib(j["model"]["bytes"]),
                                 j["arithmetic"].get<std::string>());
  const auto row = [&](std::string_view what, const std::string& value) {
    text += fmt::format("{:<34} {}\n", what, value);
  };
  row("threads", j["threads"].dump());
  row("measured peak, int8 / float",
      fmt::format("{} / {} G operations a second", j["peak_int8_gops"].dump(), j["peak_f32_gflops"].dump()));
  row("load", fmt::format("{} s, peak {}", j["load"]["seconds"].dump(), gib(j["load"]["peak_rss_bytes"])));
  row("prefill", j["prefill"]["tokens_per_second"].dump() + " tokens/s");
  row("decode", j["decode"]["tokens_per_second"].dump() + " tokens/s");
  for (const Json& t : j["evaluation"]["times"])
    row(fmt::format("an evaluation, {} at once", t["at_once"].dump()),
        fmt::format("{} s, {} of one alone", t["seconds_each"].dump(), t["of_one_alone"].dump()));
  if (j.contains("edit"))
    row(fmt::format("an edit of {} evaluations", j["edit"]["evaluations"].dump()),
        fmt::format("{} s, {} times its arithmetic floor", j["edit"]["seconds"].dump(),
                    j["edit"]["over_floor"].dump()));
  row("peak memory", fmt::format("{}, {} of the file", gib(j["peak_rss_bytes"]), j["peak_over_file"].dump()));
  return text;
}

int measure(const BenchModel& verb, const std::string& path, const CancelToken& cancel) {
  auto found = measure_model(path, verb.measure, cancel);
  if (!found) return failed(found.error());
  Json document{{"schema", "mobiedit.bench.model/1"}};
  document.update(*found);
  return finished(verb.json ? print_json(document) : print_result(text_of(*found)));
}

int bench_model(const BenchModel& verb) {
  const CancelToken cancel = catch_interrupts();
  if (!verb.model.empty()) return measure(verb, verb.model, cancel);
  if (verb.shape.empty()) return failed({ErrorCode::usage, "--shape or -m is needed", "", ""});
  if (verb.folder.empty())
    return failed({ErrorCode::usage, "--folder is needed: where to write the model", "",
                   "it needs about as much room as the real model's file"});
  RandomModel model;
  model.shape = *find_shape(verb.shape);
  model.mix = *std::ranges::find(mixes, verb.type, [](ModelMix mix) { return name(mix); });
  model.seed = verb.seed;
  model.texts = default_prefixes();
  model.texts.insert(model.texts.end(),
                     {measured_subject(), measured_prompt(), measured_target(), measured_subject() + " is a"});

  const std::filesystem::path path = std::filesystem::path(verb.folder) / (verb.shape + "-" + verb.type + ".gguf");
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) {
    say(path.string() + " is there already; it is used, and stays");
    return verb.only_write ? 0 : measure(verb, path.string(), cancel);
  }
  std::optional<RemoveAtEnd> remove;
  if (!verb.keep) remove.emplace(path);
  say(fmt::format("writing {}, {}", path.string(), human_bytes(tensor_bytes(model))));
  if (auto written = write_random_model(path, model, cancel); !written) return failed(written.error(), path.c_str());
  return verb.only_write ? 0 : measure(verb, path.string(), cancel);
}

}  // namespace

void add_bench_model(CLI::App& bench, Run& run) {
  auto options = std::make_shared<BenchModel>();
  CLI::App* verb =
      bench.add_subcommand("model", "A model of a real one's shape with random weights, or one that is there");
  auto* shape = verb->add_option("--shape", options->shape, "Whose shape")->check(CLI::IsMember(names_of_shapes()));
  verb->add_option("-m,--model", options->model, "Measure this file instead of writing one")->excludes(shape);
  verb->add_option("--type", options->type, "How its weights are quantised (default q8_0)")
      ->check(CLI::IsMember(names_of_mixes()));
  verb->add_option("--folder", options->folder, "Where to write it; removed again afterwards")
      ->check(CLI::ExistingDirectory);
  verb->add_flag("--keep", options->keep, "Leave the file there");
  verb->add_flag("--only-write", options->only_write, "Write the file, measure nothing");
  verb->add_option("-s,--seed", options->seed, "Seed of the weights (default 0)");
  verb->add_option("-t,--threads", options->measure.threads, "Threads; 0: one for each processor")
      ->envname("MOBIEDIT_THREADS")
      ->check(CLI::Range(0, 1024));
  verb->add_option("--layer", options->measure.layer, "Block to edit (default 5)");
  verb->add_option("--evaluations", options->measure.evaluations, "Of the whole edit (default 150)")
      ->check(CLI::Range(1, 100'000));
  verb->add_option("--batch", options->measure.batch, "Evaluations at once, for the largest batch (default 64)")
      ->check(CLI::Range(5, 4096));
  verb->add_option("--prefill", options->measure.prefill, "Tokens to read at once (default 512)")
      ->check(CLI::Range(1, 100'000));
  verb->add_option("--decode", options->measure.decode, "Tokens to read one by one (default 32)")
      ->check(CLI::Range(1, 100'000));
  verb->add_option("--activations", options->measure.activation_bits, "Bits of activations in reading (default 16)")
      ->check(CLI::IsMember({8, 16}));
  verb->add_flag("!--no-edit", options->measure.edit, "Leave out the whole edit");
  verb->add_flag("--json", options->json, "Print one JSON document");
  verb->callback([options, &run] { run = [options] { return bench_model(*options); }; });
}

}  // namespace mobiedit::cli
