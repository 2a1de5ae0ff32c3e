#include "edit/statistics/input_moment.h"

namespace mobiedit {

InputMoment::InputMoment(int d) : products_(Eigen::MatrixXd::Zero(d, d)), sum_(Eigen::VectorXd::Zero(d)) {}

void InputMoment::add(std::span<const float> inputs) {
  const Eigen::Index d = sum_.size();
  const auto rows = static_cast<Eigen::Index>(inputs.size()) / d;
  const Eigen::MatrixXd columns = Eigen::Map<const Eigen::MatrixXf>(inputs.data(), d, rows).cast<double>();
  products_.selfadjointView<Eigen::Lower>().rankUpdate(columns);
  sum_ += columns.rowwise().sum();
  count_ += static_cast<double>(rows);
}

InputMoment InputMoment::mixed(const InputMoment& a, const InputMoment& b, double share) {
  if (b.count_ == 0) return a;
  if (a.count_ == 0) return b;
  InputMoment both(a.dimension());
  both.count_ = 1;
  both.products_ = (1 - share) / a.count_ * a.products_ + share / b.count_ * b.products_;
  both.sum_ = (1 - share) / a.count_ * a.sum_ + share / b.count_ * b.sum_;
  return both;
}

Eigen::MatrixXd InputMoment::second() const {
  Eigen::MatrixXd c = products_.selfadjointView<Eigen::Lower>();
  return count_ > 0 ? Eigen::MatrixXd(c / count_) : c;
}

Eigen::VectorXd InputMoment::mean() const {
  return count_ > 0 ? Eigen::VectorXd(sum_ / count_) : sum_;
}

}  // namespace mobiedit
