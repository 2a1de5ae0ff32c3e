// Attention of a few rows of one sequence, as two float products: scores = q Kᵀ, out = softmax(scores) V.
#pragma once

#include <cstddef>
#include <span>

#include "kernels/aligned_buffer.h"
#include "kernels/isa.h"

namespace mobiedit::kernels {

/// Keys and values of `count` consecutive positions.
struct KeysAndValues {
  const float* keys;
  const float* values;
  int count;
};

/// Strides are in floats. Pointers are at the first head; heads lie `dim` floats apart in queries and out.
struct AttentionTile {
  const float* queries;
  std::size_t query_stride;
  std::span<const int> lengths;  ///< positions that each row sees, counted from the first; ascending, >= 1
  int heads;                     ///< query heads that share these keys and values
  int dim;                       ///< dimensions of one head
  float scale;                   ///< factor of the scores
  float cap = 0;                 ///< 0: none; else scores become cap * tanh(score / cap)
  int window = 0;                ///< positions up to its own that a row sees; 0: all of its length
  const float* sinks = nullptr;  ///< [heads]: one more score per head, which only takes weight; null: none
  /// Parts in order of position; together at least as many positions as the last row sees.
  std::span<const KeysAndValues> parts;
  std::size_t kv_stride;  ///< floats from one position to the next
  float* out;
  std::size_t out_stride;
};

/// Scratch memory of one thread; grows to the largest tile seen.
struct AttentionScratch {
  AlignedBuffer keys;
  AlignedBuffer values;
  AlignedBuffer scores;
};

/// Attention of a tile of rows: one, or best 16 to 64 of them, since each call with more than one packs keys and values
/// anew. A row's result does not depend on the other rows of the tile or on how positions are split into parts. Throws
/// std::bad_alloc.
void attend(Isa isa, const AttentionTile& tile, AttentionScratch& scratch);

}  // namespace mobiedit::kernels
