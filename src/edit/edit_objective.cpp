#include "edit/edit_objective.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <utility>

#include "edit/edit_objective_approximations.h"
#include "edit/edit_objective_gradient.h"
#include "kernels/vector_ops.h"

namespace mobiedit {
namespace {

int loss_rows(const ContextCache& cache) {
  int rows = 0;
  for (int i = 0; i < cache.size(); ++i) rows += cache.context(i).rows();
  return rows;
}

}  // namespace

EditObjective::EditObjective(ForwardPass& forward, ContextSet contexts, const EditObjectiveOptions& options,
                             const CancelToken& cancel)
    : forward_(forward),
      options_(options),
      cancel_(cancel),
      cache_(forward, std::move(contexts), options.layer),
      top_(std::min(options.top_logits, forward.config().vocab), loss_rows(cache_)),
      approximator_(std::make_unique<Approximator>(*this)) {
  if (options.tape != nullptr) recorder_ = std::make_unique<Recorder>(*this, *options.tape);
}

EditObjective::~EditObjective() = default;

Result<std::unique_ptr<EditObjective>> EditObjective::create(ForwardPass& forward, ContextSet contexts,
                                                             const EditObjectiveOptions& options,
                                                             const CancelToken& cancel) try {
  std::unique_ptr<EditObjective> objective(new EditObjective(forward, std::move(contexts), options, cancel));
  if (auto s = objective->prepare(); !s) return std::unexpected(s.error());
  return objective;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the edit's contexts");
}

Status EditObjective::prepare() {
  if (auto s = cache_.fill(options_.pass, cancel_); !s) return s;
  value_norm_ = std::sqrt(double{kernels::dot(value(), value())});
  lay_out_rows();
  if (auto s = inject(); !s) return s;
  // The logits at δ = 0 decide which of them are given one by one.
  const std::vector<float> zero(static_cast<std::size_t>(dimension()), 0.0f);
  std::vector<Job> jobs;
  for (int p = 0; p < cache_.size(); ++p) jobs.push_back({0, p, parts_[static_cast<std::size_t>(p)].first_row});
  Outputs outputs = make_outputs(1, rows_.size());
  run_batch(zero, jobs, outputs);
  ++evaluations_;
  return {};
}

// Each context has a row per target token, or per position whose answers are to stay.
void EditObjective::lay_out_rows() {
  for (int i = 0; i < cache_.size(); ++i) {
    const Context& context = cache_.context(i);
    Part& part = parts_.emplace_back();
    part.first_row = rows_.size();
    for (int t = 0; t < context.rows(); ++t) {
      part.wanted.push_back(context.target_start - cache_.entry(i).prefix + t);
      const double weight = context.row_weights.empty() ? context.weight / context.rows()
                                                        : context.row_weights[static_cast<std::size_t>(t)];
      rows_.push_back({weight, context.target.empty() ? -1 : 0});
      row_targets_.push_back(context.target.empty() ? -1 : context.target[static_cast<std::size_t>(t)]);
    }
  }
  lay_out_groups();
}

void EditObjective::lay_out_groups() {
  double all = 0, probe = 0;  // rows that go through the later layers
  // One preserved prompt of few tokens costs next to nothing.
  const int counted = cache_.size() - cache_.prompts() > 1 ? cache_.size() : cache_.prompts();
  for (int i = 0; i < cache_.size(); ++i) {
    const Context& context = cache_.context(i);
    const bool joins = i > 0 && cache_.context(i - 1).group == context.group;
    if (!joins) {
      groups_.push_back({.contexts = 0, .rows = context.rows()});
      probe_rows_ += context.rows();
    }
    ++groups_.back().contexts;
    if (i < counted) all += cache_.entry(i).rows;
  }
  int first = 0;
  for (const RowGroup& group : groups_) {
    double rows = 0;
    for (int i = first; i < std::min(first + group.contexts, counted); ++i) rows += cache_.entry(i).rows;
    probe += rows / group.contexts;
    first += group.contexts;
  }
  probes_per_evaluation_ = std::max(1, static_cast<int>(all / probe + 0.5));
}

Status EditObjective::inject() {
  std::vector<ContextRows> captured;
  for (int i = 0; i < cache_.size(); ++i)
    captured.push_back({cache_.entry(i).rows, cache_.entry(i).keys, cache_.entry(i).inputs});
  if (options_.write != nullptr)
    if (auto s = options_.write->fit(std::span(captured).first(static_cast<std::size_t>(prompts()))); !s) return s;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    parts_[i].injection.assign(static_cast<std::size_t>(captured[i].rows), 0.0f);
    if (options_.write != nullptr)
      options_.write->strengths(captured[i], parts_[i].injection);
    else
      parts_[i].injection[static_cast<std::size_t>(cache_.context(static_cast<int>(i)).subject_last -
                                                   cache_.entry(static_cast<int>(i)).prefix)] = 1.0f;
  }
  return {};
}

void EditObjective::BatchInjections::add(const Part& part, std::size_t first_row, int vector) {
  for (std::size_t r = 0; r < part.injection.size(); ++r)
    if (part.injection[r] != 0) rows.push_back({static_cast<int>(first_row + r), vector, part.injection[r]});
}

int EditObjective::dimension() const {
  return forward_.config().d;
}

std::span<const float> EditObjective::residual() const {
  return std::span(cache_.entry(0).residual).first(static_cast<std::size_t>(dimension()));
}

bool EditObjective::expect(int row, std::span<float> jacobian) const {
  if (options_.jacobian == nullptr) return false;
  const auto d = static_cast<std::size_t>(dimension()), kept = static_cast<std::size_t>(top_.count());
  std::vector<float> rows((kept + 1) * d, 0.0f);
  const std::span<const Token> tokens = top_.tokens(static_cast<std::size_t>(row));
  for (std::size_t k = 0; k < kept; ++k) forward_.output_row(tokens[k], std::span(rows).subspan(k * d, d));
  // The rest is expected to move as the smallest of the top logits do.
  const std::size_t least = std::min<std::size_t>(kept, 16);
  for (std::size_t k = kept - least; k < kept; ++k)
    kernels::axpy(1.0f / static_cast<float>(least), std::span(rows).subspan(k * d, d),
                  std::span(rows).subspan(kept * d, d));
  options_.jacobian->through(rows, jacobian);
  return true;
}

// Reads residual_ [rows, d] of the first evaluation, whose rows are those of rows_ in order. All contexts of a group
// keep equal tokens, so that they can stand for each other: the likeliest of the first context, and its target; without
// targets, the likeliest of any context.
void EditObjective::choose_top() {
  const auto d = static_cast<std::size_t>(forward_.config().d),
             vocab = static_cast<std::size_t>(forward_.config().vocab);
  std::vector<float> logits(vocab), likeliest(vocab);
  std::vector<Token> answers(rows_.size(), -1);
  const auto read = [&](std::size_t row) {
    forward_.logits(std::span(residual_).subspan(row * d, d), logits, options_.pass);
  };
  std::size_t first = 0;  // row of the group
  for (const RowGroup& group : groups_) {
    const auto rows = static_cast<std::size_t>(group.rows), all = rows * static_cast<std::size_t>(group.contexts);
    for (std::size_t t = 0; t < rows; ++t) {
      const std::size_t leader = first + t;
      read(leader);
      if (row_targets_[leader] < 0) {
        std::ranges::fill(likeliest, -std::numeric_limits<float>::infinity());
        for (std::size_t row = leader; row < first + all; row += rows) {
          if (row != leader) read(row);
          const float lse = kernels::log_sum_exp(logits);
          for (std::size_t i = 0; i < vocab; ++i) likeliest[i] = std::max(likeliest[i], logits[i] - lse);
          answers[row] = static_cast<Token>(std::ranges::max_element(logits) - logits.begin());
        }
        logits.swap(likeliest);
      }
      const int place = top_.choose(leader, logits, row_targets_[leader]);
      for (std::size_t row = leader; row < first + all; row += rows) {
        if (row != leader) top_.copy(leader, row);
        if (place >= 0) rows_[row].target = place;
      }
    }
    first += all;
  }
  drop_old_answers(answers);
  top_chosen_ = true;
}

// Takes preserved rows out of the loss whose answer is the bare prompt's: the fact that is replaced. `answers` [rows]
// are the unedited model's, −1 where unknown. The rows that stay share the weight.
void EditObjective::drop_old_answers(std::span<const Token> answers) {
  const Token old = top_.tokens(0).front();
  double all = 0, kept = 0;
  std::vector<std::size_t> may_drop;
  for (int i = cache_.prompts(); i < cache_.size(); ++i)
    if (cache_.context(i).drops_old_answer)
      for (int t = 0; t < cache_.context(i).rows(); ++t)
        may_drop.push_back(parts_[static_cast<std::size_t>(i)].first_row + static_cast<std::size_t>(t));
  for (const std::size_t row : may_drop) {
    all += rows_[row].weight;
    if (answers[row] != old) kept += rows_[row].weight;
  }
  for (const std::size_t row : may_drop) rows_[row].weight = answers[row] != old ? rows_[row].weight * all / kept : 0.0;
}

// Tokens at the start of a context that evaluations leave out.
int EditObjective::skipped(int part) const {
  return options_.prefix_cache ? cache_.entry(part).prefix : 0;
}

// residual_ [rows, d]: output of the edited layer, without δ, of every row that the jobs need.
void EditObjective::fill_residual(std::span<const Job> jobs) {
  const auto d = static_cast<std::size_t>(dimension());
  residual_.clear();
  injections_.values.clear();
  if (options_.prefix_cache) {
    for (const Job& job : jobs) {
      const ContextCache::Entry& entry = cache_.entry(job.part);
      residual_.insert(residual_.end(), entry.residual.begin(), entry.residual.end());
      injections_.values.insert(injections_.values.end(), entry.values.begin(), entry.values.end());
    }
    return;
  }
  std::vector<BatchSequence> sequences;
  for (const Job& job : jobs) {
    const std::vector<Token>& tokens = cache_.context(job.part).tokens;
    const std::size_t from = residual_.size();
    residual_.resize(from + tokens.size() * d);
    forward_.embed(tokens, std::span(residual_).subspan(from));
    sequences.push_back({nullptr, 0, static_cast<int>(tokens.size()), nullptr});
  }
  injections_.values.resize(residual_.size());
  const Capture capture{.layer = options_.layer, .values = injections_.values.data()};
  forward_.run_layers({0, options_.layer + 1}, residual_, sequences, options_.pass.with_capture(capture));
}

void EditObjective::run_batch(std::span<const float> deltas, std::span<const Job> jobs, Outputs& outputs) {
  const ModelConfig& c = forward_.config();
  const auto d = static_cast<std::size_t>(c.d);
  std::vector<BatchSequence> sequences;
  std::vector<int> wanted;
  std::vector<std::size_t> destinations, kinds;  // per wanted row: its row of the outputs, and of rows_
  fill_residual(jobs);
  injections_.rows.clear();
  std::size_t next = 0;
  for (const Job& job : jobs) {
    const ContextCache::Entry& entry = cache_.entry(job.part);
    const Part& part = parts_[static_cast<std::size_t>(job.part)];
    const int skip = skipped(job.part), rows = entry.prefix + entry.rows - skip;
    const std::size_t base = next + static_cast<std::size_t>(entry.prefix - skip);  // the row of s
    next += static_cast<std::size_t>(rows);
    injections_.add(part, base, job.delta);
    sequences.push_back({skip > 0 ? &entry.kv : nullptr, skip, rows, nullptr});
    approximator_->add_frozen(job.part, sequences.back());
    for (std::size_t w = 0; w < part.wanted.size(); ++w) {
      wanted.push_back(static_cast<int>(base) + part.wanted[w]);
      destinations.push_back(job.first_row + w);
      kinds.push_back(part.first_row + w);
    }
  }
  const Injections injections = injections_.at(options_.layer, deltas);
  forward_.run_layers({options_.layer + 1, c.layers}, residual_, sequences,
                      options_.pass.with_outputs(wanted).with_injections(injections));
  if (!top_chosen_) choose_top();

  const std::size_t width = static_cast<std::size_t>(kept()) + 1;
  forward_.logits_by_slice(std::span(residual_).first(wanted.size() * d), options_.pass,
                           [&](int row, Token first, std::span<float> slice) {
                             const std::size_t to = destinations[static_cast<std::size_t>(row)];
                             top_.take(kinds[static_cast<std::size_t>(row)], first, slice,
                                       std::span(outputs.logits).subspan(to * width, width), outputs.rest_max[to]);
                           });
}

Outputs EditObjective::make_outputs(int n, std::size_t rows) const {
  Outputs outputs;
  outputs.n = n;
  outputs.logits.resize(static_cast<std::size_t>(n) * rows * (static_cast<std::size_t>(kept()) + 1));
  outputs.rest_max.resize(static_cast<std::size_t>(n) * rows);
  return outputs;
}

Status EditObjective::run(std::span<const float> deltas, std::span<const Job> jobs, Outputs& outputs) {
  for (std::size_t begin = 0, end = 0; begin < jobs.size(); begin = end) {
    if (cancel_.requested()) return fail(ErrorCode::cancelled, "stopped");
    std::size_t rows = 0;
    while (end < jobs.size()) {
      const ContextCache::Entry& entry = cache_.entry(jobs[end].part);
      const auto more = static_cast<std::size_t>(entry.prefix + entry.rows - skipped(jobs[end].part));
      if (end > begin && (!options_.batched || rows + more > batch_rows)) break;
      rows += more;
      ++end;
    }
    run_batch(deltas, jobs.subspan(begin, end - begin), outputs);
  }
  return {};
}

std::vector<EditObjective::Job> EditObjective::evaluation_jobs(int n, int contexts, std::size_t rows) const {
  std::vector<Job> jobs;
  for (int which = 0; which < n; ++which)
    for (int p = 0; p < contexts; ++p)
      jobs.push_back(
          {which, p, static_cast<std::size_t>(which) * rows + parts_[static_cast<std::size_t>(p)].first_row});
  return jobs;
}

std::vector<EditObjective::Job> EditObjective::probe_jobs(int n, std::span<const RowGroup> groups) {
  std::vector<Job> jobs;
  std::size_t row = 0;
  for (int which = 0; which < n; ++which) {
    int first = 0;  // context of the group
    for (const RowGroup& group : groups) {
      jobs.push_back({which, first + group.context(which), row});
      row += static_cast<std::size_t>(group.rows);
      first += group.contexts;
    }
  }
  return jobs;
}

Result<Outputs> EditObjective::evaluate(std::span<const float> deltas, int n) try {
  Outputs outputs = make_outputs(n, rows_.size());
  if (auto s = run(deltas, evaluation_jobs(n, cache_.size(), rows_.size()), outputs); !s)
    return std::unexpected(s.error());
  evaluations_ += n;
  return outputs;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for an evaluation");
}

Result<Outputs> EditObjective::probe(std::span<const float> deltas, int n) try {
  Outputs outputs = make_outputs(n, static_cast<std::size_t>(probe_rows_));
  if (auto s = run(deltas, probe_jobs(n, groups_), outputs); !s) return std::unexpected(s.error());
  evaluations_ += (n + probes_per_evaluation_ - 1) / probes_per_evaluation_;
  return outputs;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for an evaluation");
}

}  // namespace mobiedit
