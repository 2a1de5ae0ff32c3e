// Rows of a batch: the sequence and the position of each.
#pragma once

#include <numeric>
#include <span>
#include <vector>

#include "backend/forward_pass.h"

namespace mobiedit {

struct BatchRow {
  int sequence;
  int position;
  int first_row;  ///< first row of its sequence, counted in the batch
};

/// Sets `rows` to the rows of the sequences, in order, and `numbers` to 0, 1, …, one for each row.
inline void lay_out_rows(std::span<const BatchSequence> sequences, std::vector<BatchRow>& rows,
                         std::vector<int>& numbers) {
  rows.clear();
  for (std::size_t s = 0; s < sequences.size(); ++s) {
    const int first = static_cast<int>(rows.size());
    for (int r = 0; r < sequences[s].rows; ++r)
      rows.push_back({static_cast<int>(s), sequences[s].prefix_length + r, first});
  }
  numbers.resize(rows.size());
  std::iota(numbers.begin(), numbers.end(), 0);
}

}  // namespace mobiedit
