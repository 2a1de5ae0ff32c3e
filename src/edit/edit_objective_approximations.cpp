// What published methods leave out or round, so that it can be measured: a stale cache, and static activations.
#include <cmath>
#include <new>
#include <utility>

#include "edit/edit_objective.h"
#include "kernels/vector_ops.h"

namespace mobiedit {

// Every prompt through the whole model, as it is.
void EditObjective::measure_ranges() {
  const auto d = static_cast<std::size_t>(forward_.config().d);
  ranges_ = {};
  PassOptions measuring = pass_;
  measuring.measured_ranges = &ranges_;
  std::vector<float> residual, logits(static_cast<std::size_t>(forward_.config().vocab));
  for (const Context* context : all_contexts()) {
    residual.resize(context->tokens.size() * d);
    forward_.embed(context->tokens, residual);
    const BatchSequence sequence{nullptr, 0, static_cast<int>(context->tokens.size()), nullptr};
    forward_.run_layers({0, forward_.config().layers}, residual, {&sequence, 1}, measuring);
    for (std::size_t row = 0; row < context->tokens.size(); ++row)
      forward_.logits(std::span(residual).subspan(row * d, d), logits, measuring);
  }
}

Status EditObjective::use_static_activations(bool on) try {
  pass_.ranges = nullptr;
  pass_.activations = on ? Activations::int16 : Activations::int8;
  if (on) {
    measure_ranges();
    pass_.ranges = &ranges_;
  }
  // What evaluations share has to be rounded likewise.
  const std::vector<const Context*> all = all_contexts();
  if (auto s = read_prefixes(all); !s) return s;
  std::vector<float> values;
  return read_rest(all, values);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the edit's contexts");
}

int EditObjective::frozen_end(int part) const {
  return contexts_.prompts[static_cast<std::size_t>(part)].target_start;
}

std::vector<KvCache> EditObjective::keys_and_values(std::span<const float> delta) {
  const ModelConfig& c = forward_.config();
  const auto d = static_cast<std::size_t>(c.d);
  std::vector<KvCache> caches;
  for (int p = 0; p < prompts(); ++p) {
    const Part& part = parts_[static_cast<std::size_t>(p)];
    std::vector<float> residual = part.residual;
    for (std::size_t r = 0; r < part.injection.size(); ++r)
      if (part.injection[r] != 0) kernels::axpy(part.injection[r], delta, {residual.data() + r * d, d});
    KvCache& cache = caches.emplace_back(layer_ + 1, c.layers, c.kv_size(), part.prefix + part.rows);
    const BatchSequence sequence{part.prefix > 0 ? &part.cache : nullptr, part.prefix, part.rows, &cache};
    const int row = 0;  // K/V of all are stored; of the last block nothing else is wanted
    forward_.run_layers({layer_ + 1, c.layers}, residual, {&sequence, 1}, pass_.with_outputs({&row, 1}));
  }
  return caches;
}

Status EditObjective::freeze(std::span<const float> delta) try {
  if (cancel_.requested()) return fail(ErrorCode::cancelled, "stopped");
  frozen_ = keys_and_values(delta);
  ++evaluations_;
  return {};
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for an evaluation");
}

Result<std::vector<double>> EditObjective::frozen_cosines(std::span<const float> delta) try {
  std::vector<double> cosines;
  if (frozen_.empty()) return cosines;
  const auto now = keys_and_values(delta);
  const auto width = static_cast<std::size_t>(forward_.config().kv_size());
  const auto cosine = [&](const float* a, const float* b) {
    const std::span<const float> x{a, width}, y{b, width};
    return double{kernels::dot(x, y)} / std::sqrt(double{kernels::dot(x, x)} * double{kernels::dot(y, y)});
  };
  for (int block = layer_ + 1; block < forward_.config().layers; ++block) {
    double sum = 0;
    int tokens = 0;
    for (int p = 0; p < prompts(); ++p) {
      const KvCache &was = frozen_[static_cast<std::size_t>(p)], &is = now[static_cast<std::size_t>(p)];
      for (int t = parts_[static_cast<std::size_t>(p)].prefix + 1; t < frozen_end(p); ++t, ++tokens)
        sum += (cosine(was.key(block, t), is.key(block, t)) + cosine(was.value(block, t), is.value(block, t))) / 2;
    }
    if (tokens == 0) return cosines;
    cosines.push_back(sum / tokens);
  }
  return cosines;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for an evaluation");
}

}  // namespace mobiedit
