// Hash table of merges: from a pair of neighbouring symbols to its rank and result. Immutable once filled.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace mobiedit::tokenizer {

class PairTable {
 public:
  struct Merge {
    std::int32_t rank = -1;  ///< lower is merged earlier; negative: the pair is never merged
    std::int32_t symbol = -1;
  };

  explicit PairTable(std::size_t pairs) : slots_(std::bit_ceil(pairs + pairs / 2 + 2)) {}

  /// Adds a pair; its first entry stays. The constructor's count is the limit.
  void insert(std::int32_t left, std::int32_t right, Merge merge) {
    Slot& slot = slots_[find_slot(left, right)];
    if (slot.merge.rank < 0) slot = {left, right, merge};
  }

  [[nodiscard]] Merge find(std::int32_t left, std::int32_t right) const { return slots_[find_slot(left, right)].merge; }

 private:
  struct Slot {
    std::int32_t left = -1, right = -1;
    Merge merge;
  };

  // The table is never full, so an empty slot ends every search.
  [[nodiscard]] std::size_t find_slot(std::int32_t left, std::int32_t right) const {
    const std::uint64_t key = std::uint64_t{static_cast<std::uint32_t>(left)} << 32 | static_cast<std::uint32_t>(right);
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = (key * 0x9E3779B97F4A7C15u) >> 32 & mask;
    while (slots_[at].merge.rank >= 0 && (slots_[at].left != left || slots_[at].right != right)) at = (at + 1) & mask;
    return at;
  }

  std::vector<Slot> slots_;
};

}  // namespace mobiedit::tokenizer
