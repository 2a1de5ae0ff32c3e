// Subspace Gauss-Newton on logits (docs/method.md).
//
// One forward pass at δ + μ z gives a column of the Jacobian of all target logits along z. On the few directions probed
// so far, the loss is a small softmax regression that is solved outright; its step is tried at a few lengths in one
// batch. No backward pass, and no gradient estimate either.
#include "edit/search/subspace.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "edit/search/softmax_model.h"

namespace mobiedit {
namespace {

using Vector = Eigen::VectorXf;
using Matrix = Eigen::MatrixXf;

// An empty rest has a log-sum-exp of −inf, which differences cannot bear; this far below all others it is as good.
constexpr float nothing = -100.0f;
constexpr double trial_scales[] = {0.4, 0.8, 1.3, 2.0};
constexpr int trials = std::size(trial_scales);

class Search {
 public:
  Search(Objective& objective, const SearchOptions& options, const SubspaceSettings& settings,
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
        basis_(d_, 0) {}

  Result<SearchResult> run() {
    if (auto s = begin(); !s) return std::unexpected(s.error());
    if (auto s = look_around(settings_.first_directions); !s) return std::unexpected(s.error());
    bool stopped = false;
    while (!stopped && !done() && evaluations_ + trials <= options_.max_evaluations) {
      const double before = wanted_loss_;
      auto moved = step();
      if (!moved) return std::unexpected(moved.error());
      ++steps_;
      stopped = progress_ && !progress_({steps_, evaluations_, loss_});
      if (stopped || done()) break;
      const bool stalled = !*moved || before - wanted_loss_ < settings_.stall * before;
      if (stalled && evaluations_ + settings_.more_directions + trials <= options_.max_evaluations &&
          basis_.cols() < d_)
        if (auto s = look_around(settings_.more_directions); !s) return std::unexpected(s.error());
      if (stalled && !*moved && basis_.cols() >= d_) break;
    }
    if (loss_.correct && !stopped && settings_.overshoot > 1)
      if (auto s = lengthen(); !s) return std::unexpected(s.error());
    return SearchResult{{delta_.begin(), delta_.end()}, loss_, loss_.correct, steps_, evaluations_};
  }

 private:
  [[nodiscard]] bool done() const { return loss_.correct && loss_.margin >= settings_.enough_margin; }

  Vector logits_of(const Outputs& outputs, int which) const {
    const auto size = static_cast<Eigen::Index>(objective_.rows().size()) * (objective_.kept() + 1);
    return Eigen::Map<const Vector>(outputs.logits.data() + which * size, size).cwiseMax(nothing);
  }

  Result<Outputs> evaluate(const Matrix& deltas) {
    evaluations_ += static_cast<int>(deltas.cols());
    return objective_.evaluate({deltas.data(), static_cast<std::size_t>(deltas.size())},
                               static_cast<int>(deltas.cols()));
  }

  // Where the objective would look: against the loss's gradient, for all rows at once and for those furthest from their
  // target, one by one.
  std::vector<Vector> guesses() const {
    const auto rows = objective_.rows();
    const int width = objective_.kept() + 1;
    const Vector logits = handicapped(logits_);
    Vector gradient(logits.size());
    std::vector<std::pair<double, std::size_t>> unhappy;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const auto begin = static_cast<Eigen::Index>(r) * width;
      Vector p = (logits.segment(begin, width).array() - logits.segment(begin, width).maxCoeff()).exp();
      p /= p.sum();
      gradient.segment(begin, width) = static_cast<float>(model_.rows[r].weight) * (model_.rows[r].wanted - p);
      unhappy.emplace_back(-gradient.segment(begin, width).norm(), r);
    }
    std::ranges::sort(unhappy);
    std::vector<Vector> found;
    const auto ask = [&](const Vector& g) {
      const auto direction = objective_.guess({g.data(), static_cast<std::size_t>(g.size())});
      if (!direction.empty()) found.push_back(Eigen::Map<const Vector>(direction.data(), d_));
    };
    ask(gradient);
    for (int i = 0; i < settings_.row_guesses && i < static_cast<int>(unhappy.size()); ++i) {
      Vector one = Vector::Zero(gradient.size());
      const auto begin = static_cast<Eigen::Index>(unhappy[static_cast<std::size_t>(i)].second) * width;
      one.segment(begin, width) = gradient.segment(begin, width);
      ask(one);
      // And towards the target alone, whoever its rivals are.
      const int target = rows[unhappy[static_cast<std::size_t>(i)].second].target;
      if (target < 0) continue;
      one.setZero();
      one[begin + target] = 1;
      ask(one);
    }
    return found;
  }

  // Orthonormal to the basis and to each other: first the guesses, then at random.
  Matrix new_directions(int count) {
    const std::vector<Vector> guessed = guesses();
    std::size_t next = 0;
    Matrix fresh(d_, count);
    int made = 0;
    while (made < count) {
      Vector z(d_);
      if (next < guessed.size())
        z = guessed[next++];
      else
        random_.fill_normal({z.data(), static_cast<std::size_t>(d_)});
      const float length = z.norm();
      for (int pass = 0; pass < 2; ++pass) {
        z -= basis_ * (basis_.transpose() * z);
        z -= fresh.leftCols(made) * (fresh.leftCols(made).transpose() * z);
      }
      if (!(z.norm() > 1e-3f * length)) continue;  // a guess that was known already
      fresh.col(made++) = z.normalized();
    }
    return fresh;
  }

  Status begin() {
    auto outputs = evaluate(Matrix::Zero(d_, 1));
    if (!outputs) return std::unexpected(outputs.error());
    base_ = kl_base(objective_, *outputs, 0);
    logits_ = logits_of(*outputs, 0);
    loss_ = loss_of(objective_, *outputs, 0, base_);
    prepare_rows();
    wanted_loss_ = wanted_loss(logits_, delta_);
    return {};
  }

  // Probes new directions around δ.
  Status look_around(int count) {
    const auto known = basis_.cols();
    count =
        std::min({count, d_ - static_cast<int>(known), std::max(1, options_.max_evaluations - evaluations_ - trials)});
    const Matrix fresh = new_directions(count);
    const auto mu = static_cast<float>(settings_.probe * unit_);
    auto outputs = evaluate((mu * fresh).colwise() + delta_);
    if (!outputs) return std::unexpected(outputs.error());
    basis_.conservativeResize(Eigen::NoChange, known + count);
    basis_.rightCols(count) = fresh;
    model_.jacobian.conservativeResize(logits_.size(), known + count);
    for (int i = 0; i < count; ++i) model_.jacobian.col(known + i) = (logits_of(*outputs, i) - logits_) / mu;
    return {};
  }

  void prepare_rows() {
    const auto rows = objective_.rows();
    const int width = objective_.kept() + 1;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      Vector wanted = Vector::Zero(width);
      if (rows[r].target >= 0)
        wanted[rows[r].target] = 1;
      else
        for (int i = 0; i < width; ++i) wanted[i] = std::exp(base_[static_cast<std::size_t>(i)]);
      model_.rows.push_back({rows[r].target >= 0 ? rows[r].weight : kl_weight * rows[r].weight, std::move(wanted)});
    }
    model_.penalty = settings_.penalty / (unit_ * unit_);
  }

  // A target's logit counts `margin` less than it is: being right is not enough, other wordings need the lead.
  [[nodiscard]] Vector handicapped(Vector logits) const {
    const auto rows = objective_.rows();
    const int width = objective_.kept() + 1;
    for (std::size_t r = 0; r < rows.size(); ++r)
      if (rows[r].target >= 0)
        logits[static_cast<Eigen::Index>(r) * width + rows[r].target] -= static_cast<float>(settings_.margin);
    return logits;
  }

  // The true loss at δ, as the model counts it.
  [[nodiscard]] double wanted_loss(const Vector& logits, const Vector& delta) const {
    SoftmaxModel here;
    here.rows = model_.rows;
    here.logits = handicapped(logits);
    here.jacobian = Matrix::Zero(logits.size(), 1);
    here.offset = Vector::Zero(1);
    return here.value(Vector::Zero(1)) + model_.penalty * delta.squaredNorm();
  }

  [[nodiscard]] Vector clamped(Vector delta) const {
    const double length = delta.norm();
    if (length > clamp_) delta *= static_cast<float>(clamp_ / length);
    return delta;
  }

  // Whether δ moved.
  Result<bool> step() {
    model_.logits = handicapped(logits_);
    model_.offset = basis_.transpose() * delta_;
    const Vector a = model_.minimise(radius_);
    const Vector direction = basis_ * a;
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
    const Vector taken = basis_.transpose() * (deltas.col(seen) - delta_);
    const Vector change = logits_of(*outputs, seen) - logits_;
    if (taken.squaredNorm() > 0)
      model_.jacobian += (change - model_.jacobian * taken) * (taken.transpose() / taken.squaredNorm());

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

  // Other wordings see δ at another strength and want more of it; a longer δ costs little as long as the KL prompt,
  // which stands for what else is known of the subject, keeps its answer.
  Status lengthen() {
    constexpr int steps = 4;
    Matrix deltas(d_, steps);
    for (int i = 0; i < steps; ++i)
      deltas.col(i) = clamped(delta_ * static_cast<float>(1 + (settings_.overshoot - 1) * (i + 1) / steps));
    auto outputs = evaluate(deltas);
    if (!outputs) return std::unexpected(outputs.error());
    for (int i = 0; i < steps; ++i) {
      const LossParts loss = loss_of(objective_, *outputs, i, base_);
      if (!loss.correct || loss.kl > std::max(settings_.kl_bound, loss_.kl)) break;
      delta_ = deltas.col(i);
      loss_ = loss;
    }
    return {};
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
  Matrix basis_;  // [d, m], orthonormal columns
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
    return Search(objective, options, settings_, progress).run();
  }

 private:
  SubspaceSettings settings_;
};

}  // namespace

std::unique_ptr<ValueSearch> make_subspace_search(const SubspaceSettings& settings) {
  return std::make_unique<Subspace>(settings);
}
std::unique_ptr<ValueSearch> make_subspace_search() {
  return make_subspace_search(SubspaceSettings{});
}

}  // namespace mobiedit
