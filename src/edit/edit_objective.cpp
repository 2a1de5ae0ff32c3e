#include "edit/edit_objective.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <numeric>
#include <utility>

#include "kernels/vector_ops.h"

namespace mobiedit {

EditObjective::EditObjective(ForwardPass& forward, const PassOptions& pass, ContextSet contexts, int layer,
                             const CancelToken& cancel, int kept)
    : forward_(forward),
      pass_(pass),
      contexts_(std::move(contexts)),
      layer_(layer),
      cancel_(cancel),
      kept_(std::min(kept, forward.config().vocab)) {}

Result<std::unique_ptr<EditObjective>> EditObjective::create(ForwardPass& forward, const PassOptions& pass,
                                                             ContextSet contexts, int layer, const CancelToken& cancel,
                                                             int kept) try {
  std::unique_ptr<EditObjective> problem(new EditObjective(forward, pass, std::move(contexts), layer, cancel, kept));
  if (auto s = problem->prepare(); !s) return std::unexpected(s.error());
  return problem;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the edit's contexts");
}

int EditObjective::dimension() const {
  return forward_.config().d;
}

std::vector<float> EditObjective::prompt_keys() const {
  const auto f = static_cast<std::ptrdiff_t>(forward_.config().f);
  std::vector<float> keys;
  for (std::size_t i = 0; i < contexts_.prompts.size(); ++i)
    keys.insert(keys.end(), parts_[i].keys.begin(), parts_[i].keys.begin() + f);
  return keys;
}

void EditObjective::inject_along(std::span<const float> right) {
  const auto f = static_cast<std::size_t>(forward_.config().f);
  const float whole = kernels::dot(right, key_mean_);
  for (Part& part : parts_)
    for (std::size_t r = 0; r < part.injection.size(); ++r)
      part.injection[r] = kernels::dot(right, {part.keys.data() + r * f, f}) / whole;
}

// By the first evaluation's logits, residual_ [wanted, d], whose rows are those of rows_ in order.
void EditObjective::choose_kept(int wanted) {
  kept_tokens_.resize(rows_.size() * static_cast<std::size_t>(kept_));
  const auto d = static_cast<std::size_t>(forward_.config().d);
  constexpr int rows_at_once = 8;  // of the whole vocabulary
  const auto vocab = static_cast<std::size_t>(forward_.config().vocab);
  std::vector<float> logits(rows_at_once * vocab);
  for (int begin = 0; begin < wanted; begin += rows_at_once) {
    const int count = std::min(rows_at_once, wanted - begin);
    forward_.logits(
        std::span(residual_).subspan(static_cast<std::size_t>(begin) * d, static_cast<std::size_t>(count) * d), logits,
        pass_);
    for (int i = 0; i < count; ++i)
      choose_kept(std::span(logits).subspan(static_cast<std::size_t>(i) * vocab, vocab), begin + i);
  }
}

void EditObjective::choose_kept(std::span<const float> logits, int which) {
  const auto row = static_cast<std::size_t>(which);
  const auto size = static_cast<std::ptrdiff_t>(kept_);
  // A target row keeps what the bare prompt's keeps, so that the prompts can stand for each other.
  const std::size_t targets = contexts_.target.size();
  if (row_targets_[row] >= 0 && row >= targets) {
    const auto of = kept_tokens_.begin() + static_cast<std::ptrdiff_t>(row % targets) * size;
    std::copy(of, of + size, kept_tokens_.begin() + static_cast<std::ptrdiff_t>(row) * size);
    rows_[row].target = rows_[row % targets].target;
    return;
  }
  std::vector<Token> order(logits.size());
  std::iota(order.begin(), order.end(), Token{0});
  const auto kept = order.begin() + kept_;
  std::partial_sort(order.begin(), kept, order.end(), [&](Token a, Token b) {
    const float x = logits[static_cast<std::size_t>(a)], y = logits[static_cast<std::size_t>(b)];
    return x != y ? x > y : a < b;
  });
  const Token target = row_targets_[row];
  if (target >= 0) {
    auto at = std::find(order.begin(), kept, target);
    if (at == kept) *--at = target;
    rows_[row].target = static_cast<int>(at - order.begin());
  }
  std::copy(order.begin(), kept, kept_tokens_.begin() + static_cast<std::ptrdiff_t>(row) * size);
}

std::span<const float> EditObjective::residual() const {
  return std::span(parts_.front().residual).first(static_cast<std::size_t>(forward_.config().d));
}

const Context& EditObjective::context_of(int part) const {
  return part < prompts() ? contexts_.prompts[static_cast<std::size_t>(part)] : contexts_.kl;
}

// Tokens of a context that an evaluation does not compute.
int EditObjective::skipped(int part) const {
  return prefix_cache_ ? parts_[static_cast<std::size_t>(part)].prefix : 0;
}

// residual_ [rows, d]: what leaves the edited block, before δ, of every row that the jobs need.
void EditObjective::fill_rows(std::span<const Job> jobs) {
  const auto d = static_cast<std::size_t>(forward_.config().d);
  residual_.clear();
  if (prefix_cache_) {
    for (const Job& job : jobs) {
      const std::vector<float>& kept = parts_[static_cast<std::size_t>(job.part)].residual;
      residual_.insert(residual_.end(), kept.begin(), kept.end());
    }
    return;
  }
  std::vector<BatchSequence> sequences;
  for (const Job& job : jobs) {
    const std::vector<Token>& tokens = context_of(job.part).tokens;
    const std::size_t from = residual_.size();
    residual_.resize(from + tokens.size() * d);
    forward_.embed(tokens, std::span(residual_).subspan(from));
    sequences.push_back({nullptr, 0, static_cast<int>(tokens.size()), nullptr});
  }
  forward_.run_layers({0, layer_ + 1}, residual_, sequences, pass_);
}

void EditObjective::run_batch(std::span<const float> deltas, std::span<const Job> jobs, Outputs& outputs) {
  const ModelConfig& c = forward_.config();
  const auto d = static_cast<std::size_t>(c.d);
  std::vector<BatchSequence> sequences;
  std::vector<int> wanted;
  std::vector<std::size_t> destinations, kinds;  // for each wanted row: its row of the outputs, and of rows_
  fill_rows(jobs);
  std::size_t next = 0;
  for (const Job& job : jobs) {
    const Part& part = parts_[static_cast<std::size_t>(job.part)];
    const int skip = skipped(job.part), rows = part.prefix + part.rows - skip;
    const std::size_t base = next + static_cast<std::size_t>(part.prefix - skip);  // the row of s
    next += static_cast<std::size_t>(rows);
    const std::span<const float> delta = deltas.subspan(static_cast<std::size_t>(job.delta) * d, d);
    for (std::size_t r = 0; r < part.injection.size(); ++r)
      if (part.injection[r] != 0) kernels::axpy(part.injection[r], delta, {residual_.data() + (base + r) * d, d});
    sequences.push_back({skip > 0 ? &part.cache : nullptr, skip, rows, nullptr});
    if (use_frozen_ && job.part < static_cast<int>(frozen_.size())) {
      BatchSequence& sequence = sequences.back();
      sequence.frozen = &frozen_[static_cast<std::size_t>(job.part)];
      sequence.frozen_first = part.prefix + 1;
      sequence.frozen_end = frozen_end(job.part);
    }
    for (std::size_t w = 0; w < part.wanted.size(); ++w) {
      wanted.push_back(static_cast<int>(base) + part.wanted[w]);
      destinations.push_back(static_cast<std::size_t>(job.first_row) + w);
      kinds.push_back(static_cast<std::size_t>(first_row_[static_cast<std::size_t>(job.part)]) + w);
    }
  }
  forward_.run_layers({layer_ + 1, c.layers}, residual_, sequences, pass_.with_outputs(wanted));

  if (kept_tokens_.empty()) choose_kept(static_cast<int>(wanted.size()));
  const auto kept = static_cast<std::size_t>(kept_);
  constexpr float none = -std::numeric_limits<float>::infinity();
  forward_.logits_by_slice(std::span(residual_).first(wanted.size() * d), pass_,
                           [&](int index, Token first, std::span<float> logits) {
                             const std::size_t to = destinations[static_cast<std::size_t>(index)];
                             const std::span<const Token> tokens =
                                 std::span(kept_tokens_).subspan(kinds[static_cast<std::size_t>(index)] * kept, kept);
                             float* out = outputs.logits.data() + to * (kept + 1);
                             if (first == 0) outputs.rest_max[to] = out[kept] = none;
                             // Kept logits are taken out of the slice, so that what is left is the rest.
                             for (std::size_t k = 0; k < kept; ++k) {
                               const auto at = static_cast<std::size_t>(tokens[k] - first);
                               if (tokens[k] < first || at >= logits.size()) continue;
                               out[k] = std::exchange(logits[at], none);
                             }
                             const float largest = *std::ranges::max_element(logits);
                             if (largest == none) return;
                             outputs.rest_max[to] = std::max(outputs.rest_max[to], largest);
                             const float both[] = {out[kept], kernels::log_sum_exp(logits)};
                             out[kept] = kernels::log_sum_exp(both);
                           });
}

bool EditObjective::expect(int row, std::span<float> jacobian) const {
  if (!jacobian_) return false;
  const auto d = static_cast<std::size_t>(forward_.config().d);
  const auto kept = static_cast<std::size_t>(kept_);
  std::vector<float> rows((kept + 1) * d, 0.0f);
  for (std::size_t k = 0; k < kept; ++k)
    forward_.output_row(kept_tokens_[static_cast<std::size_t>(row) * kept + k], {rows.data() + k * d, d});
  // The rest goes with the least of the kept.
  const std::size_t least = std::min<std::size_t>(kept, 16);
  for (std::size_t k = kept - least; k < kept; ++k)
    kernels::axpy(1.0f / static_cast<float>(least), {rows.data() + k * d, d}, {rows.data() + kept * d, d});
  jacobian_->through(rows, jacobian);
  return true;
}

Outputs EditObjective::make_outputs(int n, std::size_t rows) const {
  Outputs outputs;
  outputs.n = n;
  outputs.logits.resize(static_cast<std::size_t>(n) * rows * static_cast<std::size_t>(kept_ + 1));
  outputs.rest_max.resize(static_cast<std::size_t>(n) * rows);
  return outputs;
}

Status EditObjective::run(std::span<const float> deltas, std::span<const Job> jobs, Outputs& outputs) {
  for (std::size_t begin = 0, end = 0; begin < jobs.size(); begin = end) {
    if (cancel_.requested()) return fail(ErrorCode::cancelled, "stopped");
    std::size_t rows = 0;
    while (end < jobs.size()) {
      const Part& part = parts_[static_cast<std::size_t>(jobs[end].part)];
      const auto more = static_cast<std::size_t>(part.prefix + part.rows - skipped(jobs[end].part));
      if (end > begin && (!batched_ || rows + more > batch_rows)) break;
      rows += more;
      ++end;
    }
    run_batch(deltas, jobs.subspan(begin, end - begin), outputs);
  }
  return {};
}

Result<Outputs> EditObjective::evaluate(std::span<const float> deltas, int n) try {
  Outputs outputs = make_outputs(n, rows_.size());
  std::vector<Job> jobs;
  for (int which = 0; which < n; ++which)
    for (int p = 0; p < static_cast<int>(parts_.size()); ++p)
      jobs.push_back({which, p, which * static_cast<int>(rows_.size()) + first_row_[static_cast<std::size_t>(p)]});
  if (auto s = run(deltas, jobs, outputs); !s) return std::unexpected(s.error());
  evaluations_ += n;
  return outputs;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for an evaluation");
}

Result<Outputs> EditObjective::probe(std::span<const float> deltas, int n) try {
  const int targets = static_cast<int>(contexts_.target.size());
  Outputs outputs = make_outputs(n, static_cast<std::size_t>(targets) + 1);
  std::vector<Job> jobs;
  for (int which = 0; which < n; ++which) {
    jobs.push_back({which, which % prompts(), which * (targets + 1)});
    jobs.push_back({which, prompts(), which * (targets + 1) + targets});
  }
  if (auto s = run(deltas, jobs, outputs); !s) return std::unexpected(s.error());
  evaluations_ += (n + prompts() - 1) / prompts();
  return outputs;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for an evaluation");
}

}  // namespace mobiedit
