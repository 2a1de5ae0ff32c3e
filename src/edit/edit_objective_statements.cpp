// The statements of an edit's objective alone: a cheap first stage of a search over many contexts.
#include <new>

#include "edit/edit_objective.h"

namespace mobiedit {

class EditObjective::Statements final : public Objective {
 public:
  /// `contexts` are those of whole groups, from the first on.
  Statements(EditObjective& whole, int contexts, std::vector<RowGroup> groups)
      : whole_(whole), contexts_(contexts), groups_(std::move(groups)) {
    double weight = 0, all = 0;
    for (const RowGroup& group : groups_) {
      probe_rows_ += group.rows;
      probes_ = std::max(probes_, group.contexts);
      rows_.insert(rows_.end(), static_cast<std::size_t>(group.contexts * group.rows), ObjectiveRow{});
    }
    for (std::size_t r = 0; r < rows_.size(); ++r) weight += (rows_[r] = whole.rows_[r]).weight;
    for (ObjectiveRow& row : rows_) row.weight /= weight;
    for (int i = 0; i < whole.cache_.size(); ++i) {
      all += whole.cache_.entry(i).rows;
      if (i < contexts) share_ += whole.cache_.entry(i).rows;
    }
    share_ /= all;
  }

  [[nodiscard]] int dimension() const override { return whole_.dimension(); }
  [[nodiscard]] int kept() const override { return whole_.kept(); }
  [[nodiscard]] std::span<const ObjectiveRow> rows() const override { return rows_; }
  [[nodiscard]] double value_norm() const override { return whole_.value_norm(); }
  [[nodiscard]] std::span<const float> residual() const override { return whole_.residual(); }
  [[nodiscard]] bool expect(int row, std::span<float> jacobian) const override { return whole_.expect(row, jacobian); }
  [[nodiscard]] std::span<const RowGroup> groups() const override { return groups_; }
  [[nodiscard]] int probes_per_evaluation() const override { return probes_; }

  [[nodiscard]] Result<Outputs> evaluate(std::span<const float> deltas, int n) override try {
    return run(deltas, whole_.evaluation_jobs(n, contexts_, rows_.size()), whole_.make_outputs(n, rows_.size()), n);
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::out_of_memory, "not enough memory for an evaluation");
  }

  [[nodiscard]] Result<Outputs> probe(std::span<const float> deltas, int n) override try {
    return run(deltas, probe_jobs(n, groups_), whole_.make_outputs(n, static_cast<std::size_t>(probe_rows_)),
               (n + probes_ - 1) / probes_);
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::out_of_memory, "not enough memory for an evaluation");
  }

 private:
  Result<Outputs> run(std::span<const float> deltas, std::span<const Job> jobs, Outputs outputs, int evaluations) {
    if (auto s = whole_.run(deltas, jobs, outputs); !s) return std::unexpected(s.error());
    whole_.evaluations_ += share_ * evaluations;
    return outputs;
  }

  EditObjective& whole_;
  int contexts_;
  std::vector<RowGroup> groups_;
  std::vector<ObjectiveRow> rows_;
  int probe_rows_ = 0;
  int probes_ = 1;
  double share_ = 0;  // share of an evaluation's rows
};

std::unique_ptr<Objective> EditObjective::statements() {
  int contexts = 0;
  std::vector<RowGroup> groups;
  for (const RowGroup& group : groups_) {
    if (!cache_.context(contexts).is_statement) break;
    groups.push_back(group);
    contexts += group.contexts;
    if (contexts == cache_.size()) return nullptr;
  }
  if (groups.empty()) return nullptr;
  return std::make_unique<Statements>(*this, contexts, std::move(groups));
}

}  // namespace mobiedit
