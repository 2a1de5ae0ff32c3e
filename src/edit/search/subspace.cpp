// Subspace Gauss-Newton on logits (docs/method.md).
//
// A map from δ to the logits of all target positions is believed, and corrected by what forward passes show. It begins
// as an average over sentences, where one was measured. One pass at δ + μ z shows a column of it along z; prompts that
// differ by a sentence in front move much alike, so each direction is probed in one of them, the prompts taking turns:
// as many directions for the price of one as there are prompts. With the map the loss is a small softmax regression
// that is solved outright; its step is tried at a few lengths, in every prompt. No backward pass anywhere.
#include "edit/search/subspace.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.h"
#include "edit/search/logit_map.h"
#include "edit/search/softmax_model.h"

namespace mobiedit {
namespace {

using Vector = Eigen::VectorXf;
using Matrix = Eigen::MatrixXf;

// An empty rest has a log-sum-exp of −inf, which differences cannot bear; this far below all others it is as good.
constexpr float nothing = -100.0f;
constexpr double trial_scales[] = {0.4, 0.8, 1.3, 2.0};
constexpr int trials = std::size(trial_scales);

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
        radius_(settings.first_radius * unit_),
        width_(objective.kept() + 1),
        prompts_(objective.prompts()),
        targets_(targets_a_prompt(objective)),
        map_(static_cast<Eigen::Index>(objective.rows().size()) * width_, d_),
        explored_(d_, 0) {}

  Result<SearchResult> run() {
    if (auto s = begin(); !s) return std::unexpected(s.error());
    if (auto s = look_around(settings_.first_looks); !s) return std::unexpected(s.error());
    bool stopped = false;
    while (!stopped && !done() && evaluations_ + trials <= options_.max_evaluations) {
      const double before = wanted_loss_;
      auto moved = step();
      if (!moved) return std::unexpected(moved.error());
      ++steps_;
      stopped = progress_ && !progress_({steps_, evaluations_, loss_});
      if (stopped || done()) break;
      const bool stalled = !*moved || before - wanted_loss_ < settings_.stall * before;
      if (stalled && evaluations_ + settings_.more_looks + trials <= options_.max_evaluations)
        if (auto s = look_around(settings_.more_looks); !s) return std::unexpected(s.error());
    }
    return SearchResult{{delta_.begin(), delta_.end()}, loss_, loss_.correct, steps_, evaluations_};
  }

 private:
  static int targets_a_prompt(const Objective& objective) {
    int targets = 0;
    for (const ObjectiveRow& row : objective.rows()) targets += row.target >= 0 ? 1 : 0;
    return targets / objective.prompts();
  }

  [[nodiscard]] bool done() const { return loss_.correct && loss_.margin >= settings_.enough_margin; }

  Vector logits_of(const Outputs& outputs, int which) const {
    const auto size = static_cast<Eigen::Index>(objective_.rows().size()) * width_;
    return Eigen::Map<const Vector>(outputs.logits.data() + which * size, size).cwiseMax(nothing);
  }

  Result<Outputs> evaluate(const Matrix& deltas) {
    evaluations_ += static_cast<int>(deltas.cols());
    return objective_.evaluate({deltas.data(), static_cast<std::size_t>(deltas.size())},
                               static_cast<int>(deltas.cols()));
  }

  // Where the map says that the loss falls: for all rows at once, and for those furthest from their target, one by one.
  std::vector<Vector> guesses() const {
    const Vector logits = handicapped(logits_);
    Vector gradient(logits.size());
    std::vector<std::pair<double, Eigen::Index>> unhappy;
    for (std::size_t r = 0; r < model_.rows.size(); ++r) {
      const auto begin = static_cast<Eigen::Index>(r) * width_;
      Vector p = (logits.segment(begin, width_).array() - logits.segment(begin, width_).maxCoeff()).exp();
      p /= p.sum();
      gradient.segment(begin, width_) = static_cast<float>(model_.rows[r].weight) * (model_.rows[r].wanted - p);
      unhappy.emplace_back(-gradient.segment(begin, width_).norm(), begin);
    }
    std::ranges::sort(unhappy);
    std::vector<Vector> found{map_.pull_back(gradient)};
    for (int i = 0; i < settings_.row_guesses && i < static_cast<int>(unhappy.size()); ++i) {
      Vector one = Vector::Zero(gradient.size());
      const auto begin = unhappy[static_cast<std::size_t>(i)].second;
      one.segment(begin, width_) = gradient.segment(begin, width_);
      found.push_back(map_.pull_back(one));
    }
    return found;
  }

  // Orthonormal: the guesses as far as they differ, then random ones that are new as long as there are any.
  Matrix new_directions(int count) {
    if (explored_.cols() + count > d_) explored_.resize(d_, 0);
    Matrix fresh(d_, count);
    int made = 0;
    const auto add = [&](Vector z, bool new_only) {
      const float length = z.norm();
      for (int pass = 0; pass < 2; ++pass) {
        if (new_only) z -= explored_ * (explored_.transpose() * z);
        z -= fresh.leftCols(made) * (fresh.leftCols(made).transpose() * z);
      }
      if (z.norm() > 1e-3f * length) fresh.col(made++) = z.normalized();
    };
    for (const Vector& guess : guesses())
      if (made < count) add(guess, false);
    guessed_ = made;
    while (made < count) {
      Vector z(d_);
      random_.fill_normal({z.data(), static_cast<std::size_t>(d_)});
      add(std::move(z), true);
    }
    const auto known = explored_.cols();
    explored_.conservativeResize(Eigen::NoChange, known + count - guessed_);
    explored_.rightCols(count - guessed_) = fresh.rightCols(count - guessed_);
    return fresh;
  }

  Status begin() {
    auto outputs = evaluate(Matrix::Zero(d_, 1));
    if (!outputs) return std::unexpected(outputs.error());
    base_ = kl_base(objective_, *outputs, 0);
    logits_ = logits_of(*outputs, 0);
    loss_ = loss_of(objective_, *outputs, 0, base_);
    prepare_rows();
    expect();
    wanted_loss_ = wanted_loss(logits_, delta_);
    return {};
  }

  // Starts from the objective's prior Jacobian. A target row of one prompt stands for those of the others.
  void expect() {
    Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> rows(width_, d_);
    const int all = prompts_ * targets_;
    for (int r = 0; r < static_cast<int>(model_.rows.size()); ++r) {
      if (r >= targets_ && r < all) continue;
      if (!objective_.expect(r, {rows.data(), static_cast<std::size_t>(rows.size())})) return;
      for (int same = r; same < (r < all ? all : r + 1); same += targets_)
        map_.expect(Eigen::Index{same} * width_, rows);
    }
  }

  // Probes directions around δ, for about as much as `looks` evaluations cost.
  Status look_around(int looks) {
    looks = std::min(looks, std::max(1, options_.max_evaluations - evaluations_ - trials));
    const int count = std::min(looks * prompts_, d_);
    const auto mu = static_cast<float>(settings_.probe * unit_);
    const Matrix fresh = new_directions(count);
    const Matrix deltas = (mu * fresh).colwise() + delta_;
    evaluations_ += (count + prompts_ - 1) / prompts_;
    auto outputs = objective_.probe({deltas.data(), static_cast<std::size_t>(deltas.size())}, count);
    if (!outputs) return std::unexpected(outputs.error());
    const Eigen::Index targets = Eigen::Index{targets_} * width_, all = prompts_ * targets, kl = logits_.size() - all;
    Matrix seen(targets + kl, count);
    for (int i = 0; i < count; ++i) {
      seen.col(i) =
          Eigen::Map<const Vector>(outputs->logits.data() + i * (targets + kl), targets + kl).cwiseMax(nothing);
      seen.col(i).head(targets) -= logits_.segment(i % prompts_ * targets, targets);
      seen.col(i).tail(kl) -= logits_.tail(kl);
    }
    seen /= mu;
    // The mean response over random probes is curvature, not slope, so it is subtracted.
    constexpr int enough_to_average = 4;
    if (const int random = count - guessed_; random > enough_to_average) {
      const Vector bend = seen.rightCols(random).rowwise().mean();
      seen.colwise() -= bend;
    }
    for (int p = 0; p < prompts_; ++p) {
      Vector trust(count);
      for (int i = 0; i < count; ++i) trust[i] = i % prompts_ == p ? 1.0f : static_cast<float>(settings_.borrow);
      map_.observe(p * targets, fresh, seen.topRows(targets), trust);
    }
    if (kl > 0) map_.observe(all, fresh, seen.bottomRows(kl), Vector::Ones(count));
    return {};
  }

  void prepare_rows() {
    const auto rows = objective_.rows();
    for (std::size_t r = 0; r < rows.size(); ++r) {
      Vector wanted = Vector::Zero(width_);
      if (rows[r].target >= 0)
        wanted[rows[r].target] = 1;
      else
        for (int i = 0; i < width_; ++i) wanted[i] = std::exp(base_[static_cast<std::size_t>(i)]);
      model_.rows.push_back({rows[r].target >= 0 ? rows[r].weight : kl_weight * rows[r].weight, std::move(wanted)});
    }
    model_.penalty = settings_.penalty / (unit_ * unit_);
  }

  // A target's logit counts `margin` less than it is: being right is not enough, other wordings need the lead.
  [[nodiscard]] Vector handicapped(Vector logits) const {
    const auto rows = objective_.rows();
    for (std::size_t r = 0; r < rows.size(); ++r)
      if (rows[r].target >= 0)
        logits[static_cast<Eigen::Index>(r) * width_ + rows[r].target] -= static_cast<float>(settings_.margin);
    return logits;
  }

  // The true loss at δ, as the model counts it.
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

  // The logits that a step is to move: the targets, and the likeliest others.
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

  // Returns true if δ moved.
  Result<bool> step() {
    model_.logits = handicapped(logits_);
    LogitMap::Reduced reduced = map_.reduced(chosen_logits(), delta_);
    model_.jacobian = std::move(reduced.jacobian);
    model_.offset = reduced.directions.transpose() * delta_;
    const Vector a = model_.minimise(radius_);
    const Vector direction = reduced.directions * a;
    Matrix deltas(d_, trials);
    for (int i = 0; i < trials; ++i) deltas.col(i) = clamped(delta_ + static_cast<float>(trial_scales[i]) * direction);
    auto outputs = evaluate(deltas);
    if (!outputs) return std::unexpected(outputs.error());

    int best = -1;
    double best_loss = wanted_loss_;
    for (int i = 0; i < trials; ++i) {
      const double loss = wanted_loss(logits_of(*outputs, i), deltas.col(i));
      if (loss < best_loss) {
        best_loss = loss;
        best = i;
      }
    }
    // Broyden: the columns are corrected so that they explain the step that was taken (or, if none was, the shortest).
    const int seen = std::max(best, 0);
    map_.observe_step(deltas.col(seen) - delta_, logits_of(*outputs, seen) - logits_);

    if (best < 0) {
      radius_ = std::max(0.25 * a.norm(), 1e-3 * unit_);
      return false;
    }
    const double length = a.norm();
    radius_ =
        best == 0 ? 0.6 * length : std::max(best == 1 ? 0.5 * radius_ : radius_, 1.25 * trial_scales[best] * length);
    delta_ = deltas.col(best);
    logits_ = logits_of(*outputs, best);
    loss_ = loss_of(objective_, *outputs, best, base_);
    wanted_loss_ = best_loss;
    return true;
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
  int prompts_;
  int targets_;  // rows a prompt
  LogitMap map_;
  Matrix explored_;  // [d, ·], orthonormal: random directions probed so far
  int guessed_ = 0;  // of the directions probed last
  SoftmaxModel model_;
  std::vector<float> base_;
  Vector logits_;
  LossParts loss_;
  double wanted_loss_ = 0;
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
  settings.more_looks = 16;
  settings.borrow = 0.1;
  settings.margin = 5;
  settings.enough_margin = 3;
  return settings;
}

std::unique_ptr<ValueSearch> make_subspace_search(const SubspaceSettings& settings) {
  return std::make_unique<Subspace>(settings);
}

}  // namespace mobiedit
