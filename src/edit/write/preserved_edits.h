// Preserved edits of one layer: their keys constrain later updates, all of few edits, the nearest of many.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "edit/contexts.h"
#include "edit/write/preserved_keys.h"

namespace mobiedit {

/// A preserved edit costs one forward pass for its keys and O(n) per row of its Cholesky factor: fine for hundreds of
/// edits, too slow for 10,000. So keys are computed when they are first needed, and of more than `most` edits only the
/// `most` nearest ones count, those whose update responds most to a key.
class PreservedEdits {
 public:
  PreservedEdits(double ridge, std::size_t most) : ridge_(ridge), most_(most), all_(ridge) {}

  struct Algebra {
    std::function<std::vector<float>(const ContextSet&)> keys;           ///< an edit's keys, [n, f]
    std::function<std::vector<float>(const std::vector<float>&)> solve;  ///< S k of [n, f]; S must not change
  };
  /// `right` [f]: the direction of the edit's update among keys. Throws std::bad_alloc; then nothing changed.
  void add(ContextSet contexts, std::span<const float> right);
  /// As PreservedKeys::constrain, with the edits nearest to any of `keys`. Throws std::bad_alloc.
  void constrain(std::span<const float> keys, std::span<float> solved, std::size_t f, const Algebra& algebra);

 private:
  struct Preserved {
    ContextSet contexts;
    std::vector<float> right;
    std::vector<float> keys, solved;  // empty: not computed yet
  };
  [[nodiscard]] std::vector<std::size_t> nearest(std::span<const float> keys, std::size_t f) const;

  double ridge_;
  std::size_t most_;
  std::vector<Preserved> edits_;
  PreservedKeys all_;       // used while there are no more than `most_`
  std::size_t in_all_ = 0;  // number of edits_ that are in all_
};

}  // namespace mobiedit
