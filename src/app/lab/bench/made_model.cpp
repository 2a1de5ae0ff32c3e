#include "app/lab/bench/made_model.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <system_error>
#include <utility>

#include "app/common/console.h"
#include "app/common/interrupt.h"
#include "app/lab/bench/measure_model.h"
#include "app/lab/bench/random_model.h"
#include "edit/contexts.h"

namespace mobiedit::cli {
namespace {

constexpr ModelMix mixes[] = {ModelMix::q8_0, ModelMix::q4_0, ModelMix::q4_k, ModelMix::f16};

std::vector<std::string> names_of_mixes() {
  std::vector<std::string> names;
  for (const ModelMix mix : mixes) names.emplace_back(name(mix));
  return names;
}

}  // namespace

/// Removes the file in the end, an interruption included.
class MadeModel::RemoveAtEnd {
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

std::vector<std::string> names_of_shapes() {
  std::vector<std::string> names;
  for (const ModelShape& shape : model_shapes()) names.emplace_back(shape.name);
  return names;
}

void add_made_model_options(CLI::App& verb, MadeModelOptions& options) {
  verb.add_option("--type", options.type, "How its weights are quantised (default q8_0)")
      ->check(CLI::IsMember(names_of_mixes()));
  verb.add_option("--folder", options.folder, "Where to write it; removed again afterwards")
      ->check(CLI::ExistingDirectory);
  verb.add_flag("--keep", options.keep, "Leave the file there");
  verb.add_option("-s,--seed", options.seed, "Seed of the weights (default 0)");
}

Result<MadeModel> MadeModel::make(const std::string& shape, const MadeModelOptions& options,
                                  const CancelToken& cancel) {
  if (options.folder.empty())
    return fail(ErrorCode::usage, "--folder is needed: where to write the model", "",
                "it needs about as much room as the real model's file");
  RandomModel model;
  model.shape = *find_shape(shape);
  model.mix = *std::ranges::find(mixes, options.type, [](ModelMix mix) { return name(mix); });
  model.seed = options.seed;
  model.texts = default_prefixes();
  model.texts.insert(model.texts.end(),
                     {measured_subject(), measured_prompt(), measured_target(), measured_subject() + " is a"});

  MadeModel made(std::filesystem::path(options.folder) / (shape + "-" + options.type + ".gguf"));
  std::error_code ignored;
  if (std::filesystem::exists(made.path_, ignored)) {
    say(made.path_.string() + " is there already; it is used, and stays");
    return made;
  }
  if (!options.keep) made.remove_ = std::make_shared<RemoveAtEnd>(made.path_);
  say(fmt::format("writing {}, {}", made.path_.string(), human_bytes(tensor_bytes(model))));
  if (auto written = write_random_model(made.path_, model, cancel); !written) {
    Error error = written.error();
    if (error.where.empty()) error.where = made.path_.string();
    return std::unexpected(std::move(error));
  }
  return made;
}

}  // namespace mobiedit::cli
