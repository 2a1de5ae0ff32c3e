#include "edit/write/mass_edit.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <deque>
#include <utility>

#include "edit/write/subject_keys.h"
#include "mobiedit/edit/mass_edit.h"

namespace mobiedit {

std::vector<float> joint_directions(std::span<const float> keys, std::span<const float> solved,
                                    std::span<const int> owner, int edits, double ridge) {
  const auto n = static_cast<Eigen::Index>(owner.size());
  const auto f = static_cast<Eigen::Index>(keys.size()) / n;
  const Eigen::MatrixXd k = Eigen::Map<const Eigen::MatrixXf>(keys.data(), f, n).cast<double>();
  const Eigen::MatrixXd a = Eigen::Map<const Eigen::MatrixXf>(solved.data(), f, n).cast<double>();
  // (S⁻¹·ridge + K Kᵀ)⁻¹ K = S K (KᵀS K + ridge)⁻¹: a system of n unknowns in place of f.
  Eigen::MatrixXd gram = k.transpose() * a;
  gram = 0.5 * (gram + gram.transpose()).eval();
  gram.diagonal().array() += ridge;
  Eigen::MatrixXd owned = Eigen::MatrixXd::Zero(n, edits);
  for (Eigen::Index i = 0; i < n; ++i) owned(i, owner[static_cast<std::size_t>(i)]) = 1;
  const Eigen::MatrixXf directions = (a * gram.ldlt().solve(owned)).cast<float>();
  return {directions.data(), directions.data() + directions.size()};
}

Result<std::vector<RankOneUpdate>> write_mass_edit(ForwardPass& forward, PassOptions pass, ActiveDeltas active,
                                                   std::span<const FoundEdit> edits, const MassWrite& write,
                                                   const CancelToken& cancel) {
  const auto f = static_cast<std::size_t>(forward.config().f);
  std::vector<int> owner;  // two keys per edit
  for (std::size_t i = 0; i < edits.size(); ++i) owner.insert(owner.end(), 2, static_cast<int>(i));
  std::vector<RankOneUpdate> updates;
  std::vector<std::vector<float>> before;  // output of the edited layer, of each edit, before any update
  std::deque<LowRankDelta> written;        // a deque, as `active` borrows them
  for (int layer = write.layer - write.layers + 1; layer <= write.layer; ++layer) {
    std::vector<float> keys;
    std::vector<std::vector<float>> missing;
    for (std::size_t i = 0; i < edits.size(); ++i) {
      if (cancel.requested()) return fail(ErrorCode::cancelled, "stopped");
      std::vector<float> share = edits[i].delta;
      if (write.layers == 1) {
        const std::vector<float> own = subject_keys(forward, pass, edits[i].contexts, layer);
        keys.insert(keys.end(), own.begin(), own.end());
      } else {
        SubjectState now = subject_state(forward, pass, edits[i].contexts, layer, write.layer);
        keys.insert(keys.end(), now.keys.begin(), now.keys.end());
        if (before.size() == i) before.push_back(now.residual);
        for (std::size_t j = 0; j < share.size(); ++j)
          share[j] = (share[j] - (now.residual[j] - before[i][j])) / static_cast<float>(write.layer - layer + 1);
      }
      missing.push_back(std::move(share));
    }
    const std::vector<float> directions =
        joint_directions(keys, write.solve(layer, keys), owner, static_cast<int>(edits.size()), write.ridge);
    for (std::size_t i = 0; i < edits.size(); ++i) {
      const auto at = directions.begin() + static_cast<std::ptrdiff_t>(i * f);
      updates.push_back({layer, std::move(missing[i]), {at, at + static_cast<std::ptrdiff_t>(f)}});
      if (layer == write.layer) continue;
      written.push_back(to_low_rank(updates.back()));
      if (auto added = active.add(written.back()); !added) return std::unexpected(added.error());
    }
    pass.deltas = &active;
  }
  return updates;
}

}  // namespace mobiedit
