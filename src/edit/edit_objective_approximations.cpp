#include "edit/edit_objective_approximations.h"

#include <cmath>
#include <new>

#include "kernels/vector_ops.h"

namespace mobiedit {

Approximations* EditObjective::approximations() {
  return approximator_.get();
}

void EditObjective::Approximator::add_frozen(int part, BatchSequence& sequence) const {
  if (!use_frozen_ || part >= static_cast<int>(frozen_.size())) return;
  sequence.frozen = &frozen_[static_cast<std::size_t>(part)];
  sequence.frozen_first = frozen_first(part);
  sequence.frozen_end = frozen_end(part);
}

// Runs every prompt through the whole model, and notes the largest magnitudes.
void EditObjective::Approximator::measure_ranges() {
  ForwardPass& forward = objective_.forward_;
  const auto d = static_cast<std::size_t>(forward.config().d);
  ranges_ = {};
  PassOptions measuring = objective_.options_.pass;
  measuring.measured_ranges = &ranges_;
  std::vector<float> residual, logits(static_cast<std::size_t>(forward.config().vocab));
  for (int i = 0; i < objective_.cache_.size(); ++i) {
    const std::vector<Token>& tokens = objective_.cache_.context(i).tokens;
    residual.resize(tokens.size() * d);
    forward.embed(tokens, residual);
    const BatchSequence sequence{nullptr, 0, static_cast<int>(tokens.size()), nullptr};
    forward.run_layers({0, forward.config().layers}, residual, {&sequence, 1}, measuring);
    for (std::size_t row = 0; row < tokens.size(); ++row)
      forward.logits(std::span(residual).subspan(row * d, d), logits, measuring);
  }
}

Status EditObjective::Approximator::use_static_activations(bool on) try {
  PassOptions& pass = objective_.options_.pass;
  pass.ranges = nullptr;
  pass.activations = on ? Activations::int16 : Activations::int8;
  if (on) {
    measure_ranges();
    pass.ranges = &ranges_;
  }
  // The cache has to be rounded as the evaluations are.
  return objective_.cache_.fill(pass, objective_.cancel_);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the edit's contexts");
}

// Keys and values of each prompt's tokens from s on, at δ, in the layers after the edited one.
std::vector<KvCache> EditObjective::Approximator::keys_and_values(std::span<const float> delta) {
  ForwardPass& forward = objective_.forward_;
  const ModelConfig& c = forward.config();
  const ContextCache& cache = objective_.cache_;
  std::vector<KvCache> all;
  for (int p = 0; p < cache.prompts(); ++p) {
    const ContextCache::Entry& entry = cache.entry(p);
    std::vector<float> residual = entry.residual;
    BatchInjections batch{{}, entry.values};
    batch.add(objective_.parts_[static_cast<std::size_t>(p)], 0, 0);
    const Injections injections = batch.at(cache.layer(), delta);
    KvCache& kv = all.emplace_back(cache.layer() + 1, c.layers, c.kv_size(), entry.prefix + entry.rows);
    const BatchSequence sequence{entry.prefix > 0 ? &entry.kv : nullptr, entry.prefix, entry.rows, &kv};
    const int row = 0;  // all rows store their K/V; of the last layer no other result is needed
    forward.run_layers({cache.layer() + 1, c.layers}, residual, {&sequence, 1},
                       objective_.options_.pass.with_outputs({&row, 1}).with_injections(injections));
  }
  return all;
}

Status EditObjective::Approximator::freeze(std::span<const float> delta) try {
  if (objective_.cancel_.requested()) return fail(ErrorCode::cancelled, "stopped");
  frozen_ = keys_and_values(delta);
  ++objective_.evaluations_;
  return {};
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for an evaluation");
}

Result<std::vector<double>> EditObjective::Approximator::frozen_cosines(std::span<const float> delta) try {
  std::vector<double> cosines;
  if (frozen_.empty()) return cosines;
  const ModelConfig& c = objective_.forward_.config();
  const auto now = keys_and_values(delta);
  const auto width = static_cast<std::size_t>(c.kv_size());
  const auto cosine = [&](const float* a, const float* b) {
    const std::span<const float> x{a, width}, y{b, width};
    return double{kernels::dot(x, y)} / std::sqrt(double{kernels::dot(x, x)} * double{kernels::dot(y, y)});
  };
  for (int layer = objective_.cache_.layer() + 1; layer < c.layers; ++layer) {
    double sum = 0;
    int tokens = 0;
    for (int p = 0; p < objective_.prompts(); ++p) {
      const KvCache &was = frozen_[static_cast<std::size_t>(p)], &is = now[static_cast<std::size_t>(p)];
      for (int t = frozen_first(p); t < frozen_end(p); ++t, ++tokens)
        sum += (cosine(was.key(layer, t), is.key(layer, t)) + cosine(was.value(layer, t), is.value(layer, t))) / 2;
    }
    if (tokens == 0) return cosines;
    cosines.push_back(sum / tokens);
  }
  return cosines;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for an evaluation");
}

}  // namespace mobiedit
