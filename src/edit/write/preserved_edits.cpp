#include "edit/write/preserved_edits.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "kernels/vector_ops.h"

namespace mobiedit {

void PreservedEdits::add(ContextSet contexts, std::span<const float> right) {
  edits_.push_back({std::move(contexts), {right.begin(), right.end()}, {}, {}});
}

std::vector<std::size_t> PreservedEdits::nearest(std::span<const float> keys, std::size_t f) const {
  std::vector<float> seen(edits_.size(), 0.0f);
  for (std::size_t i = 0; i < edits_.size(); ++i) {
    const std::vector<float>& right = edits_[i].right;
    const float length = std::sqrt(kernels::dot(right, right));
    for (std::size_t at = 0; at < keys.size() && length > 0; at += f)
      seen[i] = std::max(seen[i], std::abs(kernels::dot(keys.subspan(at, f), right)) / length);
  }
  std::vector<std::size_t> places(edits_.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  std::ranges::stable_sort(places, [&](std::size_t x, std::size_t y) { return seen[x] > seen[y]; });
  places.resize(std::min(places.size(), most_));
  std::ranges::sort(places);
  return places;
}

void PreservedEdits::constrain(std::span<const float> keys, std::span<float> solved, std::size_t f,
                               const Algebra& algebra) {
  if (edits_.size() <= most_) {
    for (; in_all_ < edits_.size(); ++in_all_) {
      const std::vector<float> own = algebra.keys(edits_[in_all_].contexts);
      all_.add(own, algebra.solve(own), f);
    }
    return all_.constrain(keys, solved, f);
  }
  PreservedKeys near(ridge_);
  for (const std::size_t i : nearest(keys, f)) {
    Preserved& preserved = edits_[i];
    if (preserved.keys.empty()) {
      std::vector<float> own = algebra.keys(preserved.contexts);
      preserved.solved = algebra.solve(own);
      preserved.keys = std::move(own);
    }
    near.add(preserved.keys, preserved.solved, f);
  }
  near.constrain(keys, solved, f);
}

}  // namespace mobiedit
