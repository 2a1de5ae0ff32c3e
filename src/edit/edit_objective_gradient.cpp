#include "edit/edit_objective_gradient.h"

#include <algorithm>
#include <new>

#include "kernels/vector_ops.h"

namespace mobiedit {

Gradient* EditObjective::gradient() {
  return recorder_.get();
}

Result<Outputs> EditObjective::Recorder::record(std::span<const float> delta) try {
  EditObjective& o = objective_;
  const auto d = static_cast<std::size_t>(o.dimension());
  std::vector<float> residual;
  std::vector<BatchSequence> sequences;
  std::vector<int> wanted;
  for (int i = 0; i < o.cache_.size(); ++i) {
    if (o.cancel_.requested()) return fail(ErrorCode::cancelled, "stopped");
    const ContextCache::Entry& entry = o.cache_.entry(i);
    const Part& part = o.parts_[static_cast<std::size_t>(i)];
    const std::size_t base = residual.size() / d;
    residual.insert(residual.end(), entry.residual.begin(), entry.residual.end());
    o.inject(part, delta, std::span(residual).subspan(base * d));
    sequences.push_back({&entry.kv, entry.prefix, entry.rows, nullptr});
    for (const int row : part.wanted) wanted.push_back(static_cast<int>(base) + row);
  }
  tape_.record(residual, sequences, o.options_.pass.with_outputs(wanted));

  Outputs outputs = o.make_outputs(1, o.rows_.size());
  const auto vocab = static_cast<std::size_t>(o.forward_.config().vocab);
  const std::size_t width = static_cast<std::size_t>(o.kept()) + 1;
  std::vector<float> row(vocab);
  for (std::size_t r = 0; r < wanted.size(); ++r) {
    std::copy_n(tape_.logits().data() + r * vocab, vocab, row.data());
    o.top_.take(r, 0, row, std::span(outputs.logits).subspan(r * width, width), outputs.rest_max[r]);
  }
  ++o.evaluations_;
  return outputs;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for a backward pass");
}

Result<std::vector<float>> EditObjective::Recorder::pull_back(std::span<const float> slopes) try {
  const EditObjective& o = objective_;
  if (o.cancel_.requested()) return fail(ErrorCode::cancelled, "stopped");
  const auto d = static_cast<std::size_t>(o.dimension());
  const auto vocab = static_cast<std::size_t>(o.forward_.config().vocab);
  const std::size_t width = static_cast<std::size_t>(o.kept()) + 1;
  std::vector<float> by_logits(tape_.logits().begin(), tape_.logits().end());
  for (std::size_t r = 0; r < o.rows_.size(); ++r)
    o.top_.spread(r, slopes.subspan(r * width, width), std::span(by_logits).subspan(r * vocab, vocab));
  const std::span<const float> by_residual = tape_.pull_back(by_logits);

  std::vector<float> gradient(d, 0.0f);
  std::size_t row = 0;
  for (const Part& part : o.parts_)
    for (const float injection : part.injection) kernels::axpy(injection, by_residual.subspan(row++ * d, d), gradient);
  return gradient;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for a backward pass");
}

}  // namespace mobiedit
