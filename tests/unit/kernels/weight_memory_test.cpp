#include "kernels/weight_memory.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <vector>

namespace mobiedit::kernels {
namespace {

using Memory = std::shared_ptr<std::byte>;

bool holds(const Memory& memory, std::size_t bytes, int value) {
  for (std::size_t i = 0; i < bytes; ++i)
    if (memory.get()[i] != static_cast<std::byte>(value)) return false;
  return true;
}

// 40 weights of a mebibyte and a bit fill more than one shared piece; the last one is larger than a piece.
std::vector<std::size_t> sizes() {
  std::vector<std::size_t> all(40, (std::size_t{1} << 20) + 33);
  all.insert(all.begin(), {1, 63, 64, 65});
  all.push_back(std::size_t{40} << 20);
  return all;
}

TEST(WeightMemory, WeightsLieApartAndOutliveIt) {
  const std::vector<std::size_t> bytes = sizes();
  std::vector<Memory> weights;
  {
    WeightMemory memory;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      weights.push_back(memory.take(bytes[i]));
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(weights.back().get()) % 64, 0u) << i;
      std::memset(weights.back().get(), static_cast<int>(i), bytes[i]);
    }
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_TRUE(holds(weights[i], bytes[i], static_cast<int>(i))) << i;
    weights[i].reset();
  }
}

TEST(WeightMemory, AWeightAloneIsAlignedToo) {
  for (const std::size_t bytes : sizes()) {
    const Memory memory = AlignedBuffer::allocate(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.get()) % 64, 0u);
    std::memset(memory.get(), 7, bytes);
    EXPECT_TRUE(holds(memory, bytes, 7));
  }
}

}  // namespace
}  // namespace mobiedit::kernels
