#include "lab/bench/made_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "edit/contexts.h"
#include "lab/bench/measure_model.h"
#include "lab/bench/random_model.h"

namespace mobiedit {
namespace {

constexpr ModelMix mixes[] = {ModelMix::q8_0, ModelMix::q4_0, ModelMix::q4_k, ModelMix::f16};

}  // namespace

/// Removes the file at the end, also after an interruption.
class MadeModel::RemoveAtEnd {
 public:
  RemoveAtEnd(std::filesystem::path path, std::shared_ptr<void> guard)
      : path_(std::move(path)), guard_(std::move(guard)) {}
  ~RemoveAtEnd() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  RemoveAtEnd(const RemoveAtEnd&) = delete;
  RemoveAtEnd& operator=(const RemoveAtEnd&) = delete;

 private:
  std::filesystem::path path_;
  std::shared_ptr<void> guard_;  // see BenchObserver::guard
};

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

Result<MadeModel> MadeModel::make(const std::string& shape, const MadeModelOptions& options,
                                  const BenchObserver& observer, const CancelToken& cancel) {
  if (options.folder.empty())
    return fail(ErrorCode::usage, "no folder is given to write the model into", "",
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
    observer.say(made.path_.string() + " is there already; it is used, and stays");
    return made;
  }
  if (!options.keep) made.remove_ = std::make_shared<RemoveAtEnd>(made.path_, observer.guard(made.path_));
  observer.say(
      fmt::format("writing {}, {:.1f} MB", made.path_.string(), 1e-6 * static_cast<double>(tensor_bytes(model))));
  if (auto written = write_random_model(made.path_, model, cancel); !written) {
    Error error = written.error();
    if (error.where.empty()) error.where = made.path_.string();
    return std::unexpected(std::move(error));
  }
  return made;
}

}  // namespace mobiedit
