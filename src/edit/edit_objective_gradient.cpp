// An edit's backward pass: the same cache, the same rows, and a tape from the edited block on.
#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <utility>

#include "edit/edit_objective.h"
#include "kernels/vector_ops.h"

namespace mobiedit {

class EditObjective::Recorder final : public Gradient {
 public:
  Recorder(EditObjective& problem, Tape& tape) : problem_(problem), tape_(tape) {}

  Result<Outputs> record(std::span<const float> delta) override try {
    EditObjective& p = problem_;
    const auto d = static_cast<std::size_t>(p.dimension());
    std::vector<float> residual;
    std::vector<BatchSequence> sequences;
    std::vector<int> wanted;
    for (const Part& part : p.parts_) {
      if (p.cancel_.requested()) return fail(ErrorCode::cancelled, "stopped");
      const std::size_t base = residual.size() / d;
      residual.insert(residual.end(), part.residual.begin(), part.residual.end());
      for (std::size_t r = 0; r < part.injection.size(); ++r)
        if (part.injection[r] != 0) kernels::axpy(part.injection[r], delta, {residual.data() + (base + r) * d, d});
      sequences.push_back({&part.cache, part.prefix, part.rows, nullptr});
      for (const int row : part.wanted) wanted.push_back(static_cast<int>(base) + row);
    }
    tape_.record(residual, sequences, p.pass_.with_outputs(wanted));

    Outputs outputs = p.make_outputs(1, p.rows_.size());
    const auto vocab = static_cast<std::size_t>(p.forward_.config().vocab);
    const auto kept = static_cast<std::size_t>(p.kept_);
    std::vector<float> row(vocab);
    for (std::size_t r = 0; r < wanted.size(); ++r) {
      std::copy_n(tape_.logits().data() + r * vocab, vocab, row.data());
      float* out = outputs.logits.data() + r * (kept + 1);
      constexpr float none = -std::numeric_limits<float>::infinity();
      for (std::size_t k = 0; k < kept; ++k)
        out[k] = std::exchange(row[static_cast<std::size_t>(p.kept_tokens_[r * kept + k])], none);
      outputs.rest_max[r] = *std::ranges::max_element(row);
      out[kept] = kept < vocab ? kernels::log_sum_exp(row) : none;
    }
    ++p.evaluations_;
    return outputs;
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::out_of_memory, "not enough memory for a backward pass");
  }

  Result<std::vector<float>> pull_back(std::span<const float> slopes) override try {
    const EditObjective& p = problem_;
    if (p.cancel_.requested()) return fail(ErrorCode::cancelled, "stopped");
    const auto d = static_cast<std::size_t>(p.dimension());
    const auto vocab = static_cast<std::size_t>(p.forward_.config().vocab);
    const auto kept = static_cast<std::size_t>(p.kept_);
    // The rest's one slope spread over its tokens: they are all that a log-sum-exp depends on.
    std::vector<float> all(tape_.logits().begin(), tape_.logits().end());
    for (std::size_t r = 0; r < p.rows_.size(); ++r) {
      const std::span<float> row{all.data() + r * vocab, vocab};
      const std::span<const float> slope = slopes.subspan(r * (kept + 1), kept + 1);
      const Token* tokens = p.kept_tokens_.data() + r * kept;
      for (std::size_t k = 0; k < kept; ++k)
        row[static_cast<std::size_t>(tokens[k])] = -std::numeric_limits<float>::infinity();
      const float rest = kept < vocab ? kernels::log_sum_exp(row) : 0.0f;
      for (float& x : row) x = slope[kept] * std::exp(x - rest);
      for (std::size_t k = 0; k < kept; ++k) row[static_cast<std::size_t>(tokens[k])] = slope[k];
    }
    const std::span<const float> by_residual = tape_.pull_back(all);

    std::vector<float> gradient(d, 0.0f);
    std::size_t row = 0;
    for (const Part& part : p.parts_)
      for (const float injection : part.injection) {
        kernels::axpy(injection, by_residual.subspan(row * d, d), gradient);
        ++row;
      }
    return gradient;
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::out_of_memory, "not enough memory for a backward pass");
  }

 private:
  EditObjective& problem_;
  Tape& tape_;
};

void EditObjective::set_tape(Tape& tape) {
  recorder_ = std::make_unique<Recorder>(*this, tape);
}

Gradient* EditObjective::gradient() {
  return recorder_.get();
}

}  // namespace mobiedit
