// Attention of a few rows of one sequence, as two float products: scores = q Kᵀ, out = softmax(scores) V.
#pragma once

#include <cstddef>
#include <span>

#include "kernels/aligned_buffer.h"
#include "kernels/isa.h"

namespace mobiedit::kernels {

/// Keys and values of `count` positions in a row.
struct KeysAndValues {
  const float* keys;
  const float* values;
  int count;
};

/// Strides are in floats. All pointers are those of the first of the heads, which lie `dim` apart in queries and out.
struct AttentionTile {
  const float* queries;
  std::size_t query_stride;
  std::span<const int> lengths;          ///< for each row how many positions it sees, from the first; ascending, >= 1
  int heads;                             ///< that share these keys and values
  int dim;                               ///< of a head
  float scale;                           ///< of the scores
  std::span<const KeysAndValues> parts;  ///< positions in order, as many as the last row sees or more
  std::size_t kv_stride;                 ///< from a position to the next
  float* out;
  std::size_t out_stride;
};

/// A thread's own; grows to the largest tile seen.
struct AttentionScratch {
  AlignedBuffer keys;
  AlignedBuffer values;
  AlignedBuffer scores;
};

/// Rows are best 16 to 64: keys and values are laid out anew for each call. A row's numbers are the same in whatever
/// tile and whatever parts. Throws std::bad_alloc.
void attend(Isa isa, const AttentionTile& tile, AttentionScratch& scratch);

}  // namespace mobiedit::kernels
