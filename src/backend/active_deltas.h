// Adapters in force as a forward pass reads them: looked up by layer once, and few products however many there are.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "kernels/linear.h"
#include "mobiedit/base/result.h"
#include "mobiedit/model/low_rank.h"
#include "mobiedit/model/model.h"

namespace mobiedit {

/// Borrows the deltas, which stay where they are. A copy shares what was merged.
class ActiveDeltas {
 public:
  enum Slot { q, k, v, o, gate, up, down, slots };

  /// Errors: usage (a tensor that the model lacks, other sizes); nothing is kept then.
  static Result<ActiveDeltas> resolve(const ModelConfig& config, std::span<const LowRankDelta> deltas);
  /// Adds a delta. Errors: as resolve's; then nothing changed.
  [[nodiscard]] Status add(const LowRankDelta& delta);

  /// Merges the deltas of a weight into one matrix where they have as many numbers as the weight itself, so that a
  /// thousand edits cost no more than a few hundred. After out_of_memory deltas stay apart, with equal results. The
  /// deltas alone decide which sums are made, and in what order.
  void merge(kernels::Isa isa, ThreadPool& pool);

  /// All deltas of a weight.
  [[nodiscard]] std::span<const LowRankDelta* const> at(int layer, Slot slot) const;
  /// Those deltas of a weight that are in no sum.
  [[nodiscard]] std::span<const LowRankDelta* const> apart(int layer, Slot slot) const;
  /// The sum of a weight's merged deltas, [out, in] in float32; null where there is none.
  [[nodiscard]] const kernels::PackedWeight* sum(int layer, Slot slot) const;

 private:
  struct Place {
    std::vector<const LowRankDelta*> deltas;
    std::size_t merged = 0;  // number of deltas in the sum: the first ones
    std::shared_ptr<const kernels::PackedWeight> sum;
  };
  struct Size {
    int in = 0, out = 0;
  };
  struct Spelling {  // of one layer's tensors in the file
    bool fused_qkv, fused_gate_up, mixture;
  };
  [[nodiscard]] const Place& place(int layer, Slot slot) const;

  int layers_ = 0;
  Size sizes_[slots];
  std::vector<Place> places_;  // [layers, slots]
  std::vector<Spelling> spellings_;
  std::vector<std::shared_ptr<const LowRankDelta>> owned_;  // parts of deltas of fused tensors
};

}  // namespace mobiedit
