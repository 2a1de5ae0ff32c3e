// What an edit's contexts share between evaluations, computed once.
#include <algorithm>
#include <cmath>

#include "edit/edit_objective.h"
#include "kernels/vector_ops.h"

namespace mobiedit {

std::vector<const Context*> EditObjective::all_contexts() const {
  std::vector<const Context*> all;
  all.reserve(contexts_.prompts.size() + 1);
  for (const Context& context : contexts_.prompts) all.push_back(&context);
  all.push_back(&contexts_.kl);
  return all;
}

Status EditObjective::prepare() {
  const auto d = static_cast<std::size_t>(forward_.config().d);
  const auto f = static_cast<std::size_t>(forward_.config().f);
  const std::vector<const Context*> all = all_contexts();
  const std::size_t prompts = contexts_.prompts.size();
  for (const Context* context : all) {
    Part& part = parts_.emplace_back();
    part.prefix = context->subject_last;
    part.rows = static_cast<int>(context->tokens.size()) - part.prefix;
  }
  if (auto s = read_prefixes(all); !s) return s;
  std::vector<float> values;
  if (auto s = read_rest(all, values); !s) return s;
  value_.assign(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(d));
  value_norm_ = std::sqrt(double{kernels::dot(value_, value_)});

  key_mean_.assign(f, 0);
  for (std::size_t i = 0; i < all.size(); ++i) {
    Part& part = parts_[i];
    part.injection.assign(static_cast<std::size_t>(part.rows), 0.0f);
    part.injection[0] = 1.0f;
    first_row_.push_back(static_cast<int>(rows_.size()));
    if (i < prompts) {
      kernels::axpy(1.0f / static_cast<float>(prompts), {part.keys.data(), f}, key_mean_);
      for (std::size_t t = 0; t < contexts_.target.size(); ++t) {
        part.wanted.push_back(all[i]->target_start - part.prefix + static_cast<int>(t));
        rows_.push_back({1.0 / static_cast<double>(prompts * contexts_.target.size()), 0});
        row_targets_.push_back(contexts_.target[t]);
      }
    } else {
      part.wanted.push_back(0);
      rows_.push_back({1.0, -1});
      row_targets_.push_back(-1);
    }
  }

  // The base distribution decides which logits are kept, so it is computed once before any of them is.
  const std::vector<float> zero(d, 0.0f);
  std::vector<Job> jobs;
  jobs.reserve(parts_.size());
  for (int p = 0; p < static_cast<int>(parts_.size()); ++p)
    jobs.push_back({0, p, first_row_[static_cast<std::size_t>(p)]});
  Outputs outputs = make_outputs(1, rows_.size());
  run_batch(zero, jobs, outputs);
  ++evaluations_;
  return {};
}

/// take(begin, end) for the contexts, as many at a time as fit a batch: each pass reads every weight.
template <class Take>
Status EditObjective::in_batches(const int Part::* rows, const Take& take) {
  for (std::size_t begin = 0, end = 0; begin < parts_.size(); begin = end) {
    if (cancel_.requested()) return fail(ErrorCode::cancelled, "stopped");
    int total = 0;
    while (end < parts_.size() && (end == begin || total + parts_[end].*rows <= static_cast<int>(batch_rows)))
      total += parts_[end++].*rows;
    take(begin, end);
  }
  return {};
}

/// What comes before the subject's last token, of every context.
Status EditObjective::read_prefixes(const std::vector<const Context*>& all) {
  const ModelConfig& c = forward_.config();
  for (Part& part : parts_) part.cache = KvCache(0, c.layers, c.kv_size(), std::max(1, part.prefix));
  return in_batches(&Part::prefix, [&](std::size_t begin, std::size_t end) {
    std::vector<Token> tokens;
    std::vector<BatchSequence> sequences;
    for (std::size_t i = begin; i < end; ++i) {
      Part& part = parts_[i];
      if (part.prefix == 0) continue;
      tokens.insert(tokens.end(), all[i]->tokens.begin(), all[i]->tokens.begin() + part.prefix);
      sequences.push_back({nullptr, 0, part.prefix, &part.cache});
    }
    if (tokens.empty()) return;
    std::vector<float> residual(tokens.size() * static_cast<std::size_t>(c.d));
    forward_.embed(tokens, residual);
    // Only K/V are wanted, and the last block's are known once its input is: one row is enough to ask for.
    const int row = 0;
    forward_.run_layers({0, c.layers}, residual, sequences, pass_.with_outputs({&row, 1}));
  });
}

/// The rest up to the edited block, of every context; `values` [rows, d]: what the block adds, of the first contexts.
Status EditObjective::read_rest(const std::vector<const Context*>& all, std::vector<float>& values) {
  const auto d = static_cast<std::size_t>(forward_.config().d);
  const auto f = static_cast<std::size_t>(forward_.config().f);
  return in_batches(&Part::rows, [&](std::size_t begin, std::size_t end) {
    std::vector<Token> tokens;
    std::vector<BatchSequence> sequences;
    for (std::size_t i = begin; i < end; ++i) {
      tokens.insert(tokens.end(), all[i]->tokens.begin() + parts_[i].prefix, all[i]->tokens.end());
      sequences.push_back({&parts_[i].cache, parts_[i].prefix, parts_[i].rows, nullptr});
    }
    std::vector<float> residual(tokens.size() * d), keys(tokens.size() * f), added(tokens.size() * d);
    forward_.embed(tokens, residual);
    const Capture capture{layer_, keys.data(), added.data(), false};
    forward_.run_layers({0, layer_ + 1}, residual, sequences, pass_.with_capture(capture));
    std::size_t row = 0;
    for (std::size_t i = begin; i < end; ++i) {
      const auto rows = static_cast<std::size_t>(parts_[i].rows);
      const auto at = [&](std::vector<float>& of, std::size_t width) {
        return std::vector<float>(of.begin() + static_cast<std::ptrdiff_t>(row * width),
                                  of.begin() + static_cast<std::ptrdiff_t>((row + rows) * width));
      };
      parts_[i].residual = at(residual, d);
      parts_[i].keys = at(keys, f);
      row += rows;
    }
    if (begin == 0) values = std::move(added);
  });
}

}  // namespace mobiedit
