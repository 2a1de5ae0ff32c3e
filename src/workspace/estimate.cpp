#include "workspace/estimate.h"

#include <algorithm>
#include <utility>

#include "base/stopwatch.h"
#include "base/try.h"
#include "edit/speed.h"
#include "mobiedit/edit/layer.h"
#include "mobiedit/gguf/file.h"

namespace mobiedit {
namespace {

// The first layers tell the speed of all.
constexpr int layers_to_time = 2;

/// Seconds to load the whole model: a fixed time to open it, and a time per byte to pack its weights. `part_seconds`:
/// those of `part`, which has its first layers alone.
Result<double> load_seconds(const std::string& path, const Model& part, double part_seconds, double share) {
  const Stopwatch clock;
  MOBIEDIT_CHECK(gguf::File::open(path));
  MOBIEDIT_CHECK(Tokenizer::from_file(part.file()));
  const double opening = std::min(clock.seconds(), part_seconds);
  return opening + (part_seconds - opening) * share;
}

void add_cost(Estimate& estimate, const Model& part, const ModelConfig& config, int threads) {
  ThreadPool pool(threads);
  int rows = 1;
  for (const PlannedPass& pass : estimate.plan.passes) rows = std::max({rows, pass.rows, pass.logit_rows});
  const Speed speed = Speed::measure(part, pool, rows);
  const bool quantised = part.arithmetic().starts_with("int");
  for (const PlannedPass& pass : estimate.plan.passes) {
    estimate.edit_seconds += pass.times * speed.seconds(config, pass);
    const PlannedWork work = work_of(config, pass, quantised);
    estimate.work.integer += pass.times * work.integer;
    estimate.work.floating += pass.times * work.floating;
  }
}

}  // namespace

Result<Estimate> estimate_edit(const std::string& path, EditOptions options, EditRequest request, int evaluations,
                               const std::string& cache_folder) {
  const ModelOptions whole{.threads = options.threads};
  ModelOptions first = whole;
  first.layers = layers_to_time;
  const Stopwatch clock;
  MOBIEDIT_TRY(const auto part, Model::open(path, first));
  const double part_seconds = clock.seconds();
  MOBIEDIT_TRY(const auto config, ModelConfig::from_file(part.file()));

  if (!options.write) options.write = usual_write(config);
  // An edit takes a layer that an earlier trial chose.
  if (options.write == WriteKind::rank_one && !options.layer) {
    if (const auto settled = settled_layer(part, cache_folder)) {
      options.layer = settled->layer;
      if (!options.clamp) options.clamp = settled->clamp;
    }
  }
  if (request.prompt.empty() && request.subject.empty() && request.target_new.empty())
    request = {"Achille Varzi", "The mother tongue of {} is", "Greek indeed", {}, {}};
  if (evaluations <= 0) evaluations = std::min(usual_evaluations, options.max_evaluations);

  Estimate estimate;
  estimate.layers = config.layers;
  MOBIEDIT_TRY(estimate.plan, plan_edit(part, whole, options, request, evaluations));
  const double share = static_cast<double>(estimate.plan.memory.weights) /
                       static_cast<double>(edit_memory(part.file(), part.config(), whole, options).weights);
  MOBIEDIT_TRY(estimate.load_seconds, load_seconds(path, part, part_seconds, share));
  add_cost(estimate, part, config, options.threads);
  return estimate;
}

}  // namespace mobiedit
