// Subspace Gauss-Newton on logits (docs/method.md), without a backward pass.
//
// The search estimates the Jacobian of all target logits by δ with a Kalman filter. The estimate begins as a mean over
// sentences, where one was measured. A forward pass at δ + μ z measures one column, along z. Prompts that differ by a
// sentence in front have similar Jacobians, so each z is probed in one prompt, in rotation: P directions for the price
// of one. With the estimate, the loss is a small softmax regression that is solved outright. Its step is tried at four
// lengths in all prompts. Each step fades the estimate, because the Jacobian turns as δ moves.
#include "search/subspace.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.h"
#include "search/direction_covariance.h"
#include "search/logit_map.h"
#include "search/softmax_model.h"

namespace mobiedit {
namespace {

using Vector = Eigen::VectorXf;
using Matrix = Eigen::MatrixXf;

constexpr float lowest_logit = -100.0f;  // stands for −inf, so that differences stay finite
constexpr double trial_scales[] = {0.4, 0.8, 1.3, 2.0};
constexpr int trials = std::size(trial_scales);
constexpr double shortest_radius = 0.25;  // of ‖v₀‖: rounded activations drown what a shorter step changes
constexpr int hard_ramp = 200;            // evaluations over which the wanted lead of a hard search falls

class SubspaceSearch {
 public:
  SubspaceSearch(Objective& objective, const SearchOptions& options, const SubspaceSettings& settings,
                 const SearchProgress& progress)
      : objective_(objective),
        options_(options),
        settings_(settings),
        progress_(progress),
        random_(options.seed),
        d_(objective.dimension()),
        unit_(objective.value_norm()),
        clamp_(options.clamp * unit_),
        delta_(Vector::Zero(d_)),
        radius_(settings.initial_radius * unit_),
        width_(objective.kept() + 1),
        map_(static_cast<Eigen::Index>(objective.rows().size()) * width_, d_),
        covariances_(objective.groups().size(), DirectionCovariance(d_)) {}

  Result<SearchResult> run() {
    if (auto s = begin(); !s) return std::unexpected(s.error());
    if (auto s = probe(settings_.initial_probes); !s) return std::unexpected(s.error());
    double reference = loss_.total();
    int reference_at = evaluations_;
    while (!done() && evaluations_ + trials <= options_.max_evaluations) {
      const auto removed = step();
      if (!removed) return std::unexpected(removed.error());
      ++steps_;
      if (progress_ && !progress_({steps_, evaluations_, loss_})) break;
      if (done()) break;
      if (loss_.total() < (1 - settings_.min_gain) * reference) {
        reference = loss_.total();
        reference_at = evaluations_;
      } else if (settings_.patience > 0 && evaluations_ - reference_at >= settings_.patience) {
        break;
      }
      const int budget = evaluations_ < settings_.hard_after ? settings_.probes : settings_.hard_probes;
      if (*removed < settings_.min_improvement && evaluations_ + budget + trials <= options_.max_evaluations)
        if (auto s = probe(budget); !s) return std::unexpected(s.error());
    }
    return SearchResult{{best_delta_.begin(), best_delta_.end()}, best_loss_, best_loss_.correct, steps_, evaluations_};
  }

 private:
  // Number of logits of one context of a group.
  [[nodiscard]] Eigen::Index logits_of_context(const RowGroup& group) const {
    return Eigen::Index{group.rows} * width_;
  }

  // Share of the stop margin that is still asked: 1 at first, then falling.
  [[nodiscard]] double margin_share() const {
    const double late = std::clamp(static_cast<double>(evaluations_ - settings_.hard_after) / hard_ramp, 0.0, 1.0);
    return 1 - (1 - settings_.hard_margin_share) * late;
  }
  [[nodiscard]] bool done() const {
    return best_loss_.correct && best_loss_.margin >= settings_.stop_margin * margin_share();
  }

  Vector logits_of(const Outputs& outputs, int which) const {
    const auto size = static_cast<Eigen::Index>(objective_.rows().size()) * width_;
    return Eigen::Map<const Vector>(outputs.logits.data() + which * size, size).cwiseMax(lowest_logit);
  }

  Result<Outputs> evaluate(const Matrix& deltas) {
    evaluations_ += static_cast<int>(deltas.cols());
    return objective_.evaluate({deltas.data(), static_cast<std::size_t>(deltas.size())},
                               static_cast<int>(deltas.cols()));
  }

  Status begin() {
    auto outputs = evaluate(Matrix::Zero(d_, 1));
    if (!outputs) return std::unexpected(outputs.error());
    base_ = kl_base(objective_, *outputs, 0);
    logits_ = logits_of(*outputs, 0);
    if (!options_.start.empty()) {
      delta_ = clamped(Eigen::Map<const Vector>(options_.start.data(), d_));
      outputs = evaluate(delta_);
      if (!outputs) return std::unexpected(outputs.error());
      logits_ = logits_of(*outputs, 0);
    }
    loss_ = loss_of(objective_, *outputs, 0, base_);
    best_delta_ = delta_;
    best_loss_ = loss_;
    prepare_rows();
    expect();
    return {};
  }

  void prepare_rows() {
    std::size_t kl_rows = 0;
    for (const ObjectiveRow& row : objective_.rows()) {
      Vector wanted = Vector::Zero(width_);
      if (row.target >= 0)
        wanted[row.target] = 1;
      else
        wanted =
            Eigen::Map<const Vector>(base_.data() + kl_rows++ * static_cast<std::size_t>(width_), width_).array().exp();
      model_.rows.push_back({row.weight, std::move(wanted)});
    }
    model_.penalty = settings_.penalty / (unit_ * unit_);
  }

  // Takes over what the objective can tell beforehand; rows of a group's first context stand for those of the others.
  void expect() {
    Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> rows(width_, d_);
    int first = 0;
    for (const RowGroup& group : objective_.groups()) {
      for (int r = first; r < first + group.rows; ++r) {
        if (!objective_.expect(r, {rows.data(), static_cast<std::size_t>(rows.size())})) return;
        for (int context = 0; context < group.contexts; ++context)
          map_.expect(Eigen::Index{r + context * group.rows} * width_, rows);
      }
      first += group.contexts * group.rows;
    }
  }

  // Slopes of the loss by the logits of row r of the model.
  [[nodiscard]] Vector row_slopes(std::size_t r, const Vector& logits) const {
    const auto z = logits.segment(static_cast<Eigen::Index>(r) * width_, width_);
    Vector p = (z.array() - z.maxCoeff()).exp();
    p /= p.sum();
    return static_cast<float>(model_.rows[r].weight) * (p - model_.rows[r].wanted);
  }

  // Gradients by the estimate: of the whole loss, and of the rows furthest from their target, one by one.
  [[nodiscard]] std::vector<Vector> estimated_gradients() const {
    const Vector logits = handicapped(logits_);
    Vector slopes(logits.size());
    std::vector<std::pair<double, std::size_t>> worst;
    for (std::size_t r = 0; r < model_.rows.size(); ++r) {
      const auto begin = static_cast<Eigen::Index>(r) * width_;
      slopes.segment(begin, width_) = row_slopes(r, logits);
      worst.emplace_back(-slopes.segment(begin, width_).norm(), r);
    }
    std::ranges::sort(worst);
    std::vector<Vector> found{map_.pull_back(slopes)};
    for (std::size_t i = 0; i < worst.size() && static_cast<int>(i) < settings_.gradient_probes; ++i) {
      const auto begin = static_cast<Eigen::Index>(worst[i].second) * width_;
      found.push_back(map_.pull_back(begin, slopes.segment(begin, width_)));
    }
    return found;
  }

  struct Directions {
    Matrix columns;     ///< [d, n], orthonormal
    int gradients = 0;  ///< leading columns that are estimated gradients; the others are random
  };
  [[nodiscard]] Directions new_directions(int count) {
    Directions found{Matrix(d_, count)};
    int made = 0;
    const auto add = [&](Vector z) {
      const float length = z.norm();
      for (int pass = 0; pass < 2; ++pass)
        z -= found.columns.leftCols(made) * (found.columns.leftCols(made).transpose() * z);
      if (z.norm() > 1e-3f * length) found.columns.col(made++) = z.normalized();
    };
    for (const Vector& gradient : estimated_gradients())
      if (made < count) add(gradient);
    found.gradients = made;
    while (made < count) add(covariances_.front().draw(random_));
    return found;
  }

  // Probes directions around δ, for about the cost of `budget` evaluations.
  Status probe(int budget) {
    budget = std::min(budget, std::max(1, options_.max_evaluations - evaluations_ - trials));
    const int each = objective_.probes_per_evaluation(), count = std::min(budget * each, d_);
    const auto mu = static_cast<float>(settings_.probe_length * unit_);
    const Directions fresh = new_directions(count);
    const Matrix deltas = (mu * fresh.columns).colwise() + delta_;
    evaluations_ += (count + each - 1) / each;
    auto outputs = objective_.probe({deltas.data(), static_cast<std::size_t>(deltas.size())}, count);
    if (!outputs) return std::unexpected(outputs.error());
    const Eigen::Index size = std::ssize(outputs->logits) / count;  // of one probe
    Eigen::Index first = 0, at = 0;  // the group's first logit, among all and among those of a probe
    for (std::size_t g = 0; g < covariances_.size(); ++g) {
      const RowGroup& group = objective_.groups()[g];
      const Eigen::Index logits = logits_of_context(group);
      Matrix seen(logits, count);
      for (int i = 0; i < count; ++i)
        seen.col(i) = Eigen::Map<const Vector>(outputs->logits.data() + i * size + at, logits).cwiseMax(lowest_logit) -
                      logits_.segment(first + group.context(i) * logits, logits);
      seen /= mu;
      // The mean response over random probes is curvature, not slope.
      constexpr int enough_to_average = 4;
      if (const int random = count - fresh.gradients; random > enough_to_average) {
        const Vector curvature = seen.rightCols(random).rowwise().mean();
        seen.colwise() -= curvature;
      }
      observe_probes(g, first, fresh.columns, seen);
      first += group.contexts * logits;
      at += logits;
    }
    return {};
  }

  // A probe in one context is a measurement of the slopes of its group's other contexts too, with more noise.
  void observe_probes(std::size_t g, Eigen::Index first, const Matrix& directions, const Matrix& seen) {
    const RowGroup& group = objective_.groups()[g];
    DirectionCovariance& covariance = covariances_[g];
    const auto own = static_cast<float>(settings_.probe_noise);
    const float others = own + std::max(0.0f, 1 / static_cast<float>(settings_.cross_context_weight) - 1);
    for (int context = 0; context < group.contexts; ++context) {
      Vector noise(seen.cols());
      for (int i = 0; i < static_cast<int>(noise.size()); ++i) noise[i] = group.context(i) == context ? own : others;
      map_.observe(first + context * seen.rows(), directions, seen, covariance.gains(directions, noise));
    }
    const float common = group.contexts > 1 ? others : own;
    covariance.observe(directions, covariance.gains(directions, Vector::Constant(seen.cols(), common)));
  }

  // A step measures the slopes of all prompts along itself (Broyden's update).
  void observe_step(const Vector& step, const Vector& change) {
    const float length = step.norm();
    if (!(length > 0)) return;
    const Matrix direction = step / length;
    Eigen::Index first = 0;
    for (std::size_t g = 0; g < covariances_.size(); ++g) {
      const RowGroup& group = objective_.groups()[g];
      const Eigen::Index logits = group.contexts * logits_of_context(group);
      const Matrix gains =
          covariances_[g].gains(direction, Vector::Constant(1, static_cast<float>(settings_.probe_noise)));
      map_.observe(first, direction, change.segment(first, logits) / length, gains);
      covariances_[g].observe(direction, gains);
      first += logits;
    }
  }

  // The Jacobian at the end of a step of this length resembles that at its beginning only so far.
  void fade(double length) {
    if (!(settings_.memory > 0)) return;
    const auto keep = static_cast<float>(std::exp(-length / (settings_.memory * unit_)));
    map_.fade(keep);
    for (DirectionCovariance& covariance : covariances_) covariance.fade(keep);
  }

  // A target's logit counts less than it is: being right is not enough, other wordings need the lead.
  [[nodiscard]] Vector handicapped(Vector logits) const {
    const auto rows = objective_.rows();
    const double margin = settings_.margin - settings_.stop_margin * (1 - margin_share());
    for (std::size_t r = 0; r < rows.size(); ++r)
      if (rows[r].target >= 0)
        logits[static_cast<Eigen::Index>(r) * width_ + rows[r].target] -= static_cast<float>(std::max(margin, 0.0));
    return logits;
  }

  // The true loss at δ, with the margin and the penalty.
  [[nodiscard]] double wanted_loss(const Vector& logits, const Vector& delta) const {
    SoftmaxModel here;
    here.rows = model_.rows;
    here.logits = handicapped(logits);
    here.jacobian = Matrix::Zero(map_.logits(), 1);
    here.offset = Vector::Zero(1);
    return here.value(Vector::Zero(1)) + model_.penalty * delta.squaredNorm();
  }

  [[nodiscard]] Vector clamped(Vector delta) const {
    const double length = delta.norm();
    if (length > clamp_) delta *= static_cast<float>(clamp_ / length);
    return delta;
  }

  // The logits that matter most: the targets, and the likeliest others.
  [[nodiscard]] std::vector<Eigen::Index> chosen_logits() const {
    const Vector still = Vector::Zero(map_.logits());
    Vector mass(map_.logits());
    for (std::size_t r = 0; r < model_.rows.size(); ++r) {
      const SoftmaxRow& row = model_.rows[r];
      // A target counts as much as all its rivals, right or not.
      mass.segment(static_cast<Eigen::Index>(r) * width_, width_) =
          static_cast<float>(row.weight) * (model_.probabilities(r, still) + row.wanted);
    }
    std::vector<Eigen::Index> order(static_cast<std::size_t>(mass.size()));
    std::iota(order.begin(), order.end(), Eigen::Index{0});
    const auto some = std::min<std::ptrdiff_t>(settings_.logits_moved, std::ssize(order));
    std::partial_sort(order.begin(), order.begin() + some, order.end(),
                      [&](Eigen::Index a, Eigen::Index b) { return mass[a] != mass[b] ? mass[a] > mass[b] : a < b; });
    order.resize(static_cast<std::size_t>(some));
    return order;
  }

  // Directions whose span a step is sought in, [d, ·]: δ, each row's gradient, and the chosen logits' own.
  [[nodiscard]] Matrix step_span() const {
    const std::vector<Eigen::Index> chosen = chosen_logits();
    const auto rows = static_cast<Eigen::Index>(model_.rows.size());
    Matrix span(d_, 1 + rows + std::ssize(chosen));
    span.col(0) = delta_;
    for (Eigen::Index r = 0; r < rows; ++r)
      span.col(1 + r) = map_.pull_back(r * width_, row_slopes(static_cast<std::size_t>(r), model_.logits));
    for (Eigen::Index i = 0; i < std::ssize(chosen); ++i)
      span.col(1 + rows + i) = map_.row(chosen[static_cast<std::size_t>(i)]);
    return span;
  }

  // Charge for a step along `directions` [d, m]: slopes of which nothing is known may add to the loss, each group's as
  // much as it weighs.
  [[nodiscard]] Matrix risk_of(const Matrix& directions) const {
    if (!(settings_.caution > 0)) return {};
    Matrix risk = Matrix::Zero(directions.cols(), directions.cols());
    std::size_t row = 0;
    for (std::size_t g = 0; g < covariances_.size(); ++g) {
      const RowGroup& group = objective_.groups()[g];
      double weight = 0;
      for (int i = 0; i < group.contexts * group.rows; ++i) weight += objective_.rows()[row++].weight;
      risk += static_cast<float>(settings_.caution * weight / (unit_ * unit_)) *
              (directions.transpose() * (covariances_[g].matrix() * directions));
    }
    return risk;
  }

  // Returns the share of the loss that the step removed, 0 where δ stays.
  Result<double> step() {
    model_.logits = handicapped(logits_);
    LogitMap::Reduced reduced = map_.reduced(step_span());
    model_.jacobian = std::move(reduced.jacobian);
    model_.offset = reduced.directions.transpose() * delta_;
    model_.risk = risk_of(reduced.directions);
    const Vector a = model_.minimise(radius_);
    const Vector direction = reduced.directions * a;
    Matrix deltas(d_, trials);
    for (int i = 0; i < trials; ++i) deltas.col(i) = clamped(delta_ + static_cast<float>(trial_scales[i]) * direction);
    auto outputs = evaluate(deltas);
    if (!outputs) return std::unexpected(outputs.error());

    const double before = wanted_loss(logits_, delta_);
    int best = -1;
    double best_loss = before;
    for (int i = 0; i < trials; ++i) {
      const double loss = wanted_loss(logits_of(*outputs, i), deltas.col(i));
      if (loss < best_loss) {
        best_loss = loss;
        best = i;
      }
    }
    // If no trial is better, the shortest teaches most.
    const int seen = std::max(best, 0);
    const Vector moved = deltas.col(seen) - delta_;
    observe_step(moved, logits_of(*outputs, seen) - logits_);

    if (best < 0) {
      radius_ = std::max(0.5 * a.norm(), shortest_radius * unit_);
      return 0.0;
    }
    fade(moved.norm());
    const double length = a.norm();
    radius_ =
        best == 0 ? 0.6 * length : std::max(best == 1 ? 0.5 * radius_ : radius_, 1.25 * trial_scales[best] * length);
    radius_ = std::max(radius_, shortest_radius * unit_);
    delta_ = deltas.col(best);
    logits_ = logits_of(*outputs, best);
    loss_ = loss_of(objective_, *outputs, best, base_);
    // Once every target leads, a lower loss may still lose a lead: the widest lead is kept.
    if (!best_loss_.correct || (loss_.correct && loss_.margin > best_loss_.margin)) {
      best_delta_ = delta_;
      best_loss_ = loss_;
    }
    return 1 - best_loss / before;
  }

  Objective& objective_;
  const SearchOptions& options_;
  const SubspaceSettings& settings_;
  const SearchProgress& progress_;
  Random random_;
  int d_;
  double unit_;   // ‖v₀‖
  double clamp_;  // the longest δ
  Vector delta_;
  double radius_;
  int width_;  // of a row: kept logits and the rest
  LogitMap map_;
  std::vector<DirectionCovariance> covariances_;  // of each group
  SoftmaxModel model_;
  std::vector<float> base_;
  Vector logits_;
  LossParts loss_;
  Vector best_delta_;
  LossParts best_loss_;
  int steps_ = 0;
  int evaluations_ = 0;
};

class Subspace final : public ValueSearch {
 public:
  explicit Subspace(const SubspaceSettings& settings) : settings_(settings) {}
  Result<SearchResult> run(Objective& objective, const SearchOptions& options,
                           const SearchProgress& progress) const override {
    return SubspaceSearch(objective, options, settings_, progress).run();
  }

 private:
  SubspaceSettings settings_;
};

}  // namespace

SubspaceSettings subspace_for_unlike_prompts() {
  SubspaceSettings settings;
  settings.probes = 16;
  settings.cross_context_weight = 0.1;
  settings.margin = 5;
  settings.stop_margin = 3;
  settings.hard_margin_share = 1;
  return settings;
}

SubspaceSettings subspace_for_statements() {
  SubspaceSettings settings;
  settings.margin = 5;
  settings.stop_margin = 3;
  settings.patience = 80;
  settings.penalty = 0.02;
  settings.caution = 0.02;
  return settings;
}

SubspaceSettings subspace_for_subject() {
  SubspaceSettings settings = subspace_for_unlike_prompts();
  settings.initial_probes = 16;
  settings.cross_context_weight = 0.7;
  settings.memory = 16;
  settings.probes = 8;
  settings.margin = 3;
  settings.stop_margin = 2;
  settings.patience = 60;
  settings.penalty = 0.005;
  settings.probe_length = 0.5;
  settings.caution = 0.02;
  return settings;
}

SubspaceSettings subspace_settings_for(Prompts prompts) {
  switch (prompts) {
    case Prompts::alike:
      return {};
    case Prompts::unlike:
      return subspace_for_unlike_prompts();
    case Prompts::statements:
      return subspace_for_statements();
    case Prompts::subject:
      return subspace_for_subject();
  }
  return {};
}

std::unique_ptr<ValueSearch> make_subspace_search(const SubspaceSettings& settings) {
  return std::make_unique<Subspace>(settings);
}

}  // namespace mobiedit
