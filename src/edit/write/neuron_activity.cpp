#include "edit/write/neuron_activity.h"

#include <algorithm>
#include <new>
#include <span>
#include <string>

#include "backend/forward_pass.h"
#include "base/try.h"
#include "edit/statistics/default_rows.h"
#include "mobiedit/gguf/file.h"

namespace mobiedit {
namespace {

// Some thousand tokens tell neurons that often fire from those that hardly do.
constexpr std::size_t most_tokens = 4096;

}  // namespace

Result<std::vector<float>> neuron_activity(const Model& model, int layer, ThreadPool& pool,
                                           const CancelToken& cancel) try {
  const ModelConfig& c = model.config();
  if (layer < 0 || layer >= c.layers)
    return fail(ErrorCode::usage, "there is no layer " + std::to_string(layer) + ", or it was not loaded",
                model.file().path().string());
  const auto d = static_cast<std::size_t>(c.d), f = static_cast<std::size_t>(c.f);
  const auto forward = make_forward_pass(model, pool);
  MOBIEDIT_TRY(const auto text, default_statistics_rows(model, *forward, ChatRows::none, {}, cancel));
  std::vector<double> sums(f, 0.0);
  std::size_t tokens = 0;
  std::vector<float> residual, keys;
  for (const std::vector<Token>& row : text.rows) {
    if (cancel.requested()) return fail(ErrorCode::cancelled, "stopped");
    if (tokens >= most_tokens) break;
    residual.resize(row.size() * d);
    keys.resize(row.size() * f);
    forward->embed(row, residual);
    const Capture capture{layer, keys.data(), nullptr, true};
    const BatchSequence sequence{nullptr, 0, static_cast<int>(row.size()), nullptr};
    forward->run_layers({0, layer + 1}, residual, {&sequence, 1}, PassOptions().with_capture(capture));
    for (std::size_t i = 0; i < keys.size(); ++i) sums[i % f] += double{keys[i]} * keys[i];
    tokens += row.size();
  }
  std::vector<float> activity(f);
  std::ranges::transform(sums, activity.begin(), [&](double sum) {
    return static_cast<float>(sum / static_cast<double>(std::max<std::size_t>(tokens, 1)));
  });
  return activity;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to measure a layer's neurons");
}

}  // namespace mobiedit
