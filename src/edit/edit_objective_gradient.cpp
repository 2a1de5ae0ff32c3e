#include "edit/edit_objective_gradient.h"

#include <algorithm>
#include <new>

namespace mobiedit {

Gradient* EditObjective::gradient() {
  return recorder_.get();
}

Result<Outputs> EditObjective::Recorder::record(std::span<const float> delta) try {
  EditObjective& o = objective_;
  const auto d = static_cast<std::size_t>(o.dimension());
  delta_.assign(delta.begin(), delta.end());
  batch_ = {};
  std::vector<float> residual;
  std::vector<BatchSequence> sequences;
  std::vector<int> wanted;
  for (int i = 0; i < o.cache_.size(); ++i) {
    if (o.cancel_.requested()) return fail(ErrorCode::cancelled, "stopped");
    const ContextCache::Entry& entry = o.cache_.entry(i);
    const Part& part = o.parts_[static_cast<std::size_t>(i)];
    const std::size_t base = residual.size() / d;
    residual.insert(residual.end(), entry.residual.begin(), entry.residual.end());
    batch_.values.insert(batch_.values.end(), entry.values.begin(), entry.values.end());
    batch_.add(part, base, 0);
    sequences.push_back({&entry.kv, entry.prefix, entry.rows, nullptr});
    for (const int row : part.wanted) wanted.push_back(static_cast<int>(base) + row);
  }
  injections_ = batch_.at(o.options_.layer, delta_);
  tape_.record(residual, sequences, o.options_.pass.with_outputs(wanted).with_injections(injections_));

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
  const auto vocab = static_cast<std::size_t>(o.forward_.config().vocab);
  const std::size_t width = static_cast<std::size_t>(o.kept()) + 1;
  std::vector<float> by_logits(tape_.logits().begin(), tape_.logits().end());
  for (std::size_t r = 0; r < o.rows_.size(); ++r)
    o.top_.spread(r, slopes.subspan(r * width, width), std::span(by_logits).subspan(r * vocab, vocab));
  tape_.pull_back(by_logits);
  const std::span<const float> gradient = tape_.vector_gradient();
  return std::vector<float>(gradient.begin(), gradient.end());
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for a backward pass");
}

}  // namespace mobiedit
