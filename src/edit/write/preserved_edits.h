// The edits of one block that later ones keep off: all of a few, of many those that are near.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "edit/contexts.h"
#include "edit/write/preserved_keys.h"

namespace mobiedit {

/// A forward pass gives an edit's keys, and its Cholesky row takes as long as there are rows before it: there is time
/// for some hundred edits, none for ten thousand. So keys are made when they are first asked for, and of more than
/// `most` edits constrain counts the `most` whose update a key sees most.
class PreservedEdits {
 public:
  PreservedEdits(double ridge, std::size_t most) : ridge_(ridge), most_(most), all_(ridge) {}

  struct Algebra {
    std::function<std::vector<float>(const ContextSet&)> keys;           ///< [n, f] of an edit
    std::function<std::vector<float>(const std::vector<float>&)> solve;  ///< S k of [n, f]; the same S at every call
  };
  /// `right` [f]: the direction along which its update reads keys. Throws std::bad_alloc; then nothing changed.
  void add(ContextSet contexts, std::span<const float> right);
  /// As PreservedKeys::constrain, of the edits that are near one of `keys`. Throws std::bad_alloc.
  void constrain(std::span<const float> keys, std::span<float> solved, std::size_t f, const Algebra& algebra);

 private:
  struct Kept {
    ContextSet contexts;
    std::vector<float> right;
    std::vector<float> keys, solved;  // empty: not asked for so far
  };
  [[nodiscard]] std::vector<std::size_t> nearest(std::span<const float> keys, std::size_t f) const;

  double ridge_;
  std::size_t most_;
  std::vector<Kept> edits_;
  PreservedKeys all_;       // while there are no more than `most_`
  std::size_t in_all_ = 0;  // how many of edits_ all_ has
};

}  // namespace mobiedit
