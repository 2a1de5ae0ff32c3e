#include "base/human_bytes.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace mobiedit {
namespace {

TEST(HumanBytes, HaveTheLargestUnitThatLeavesOneOrMore) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1024), "1.0 KiB");
  EXPECT_EQ(human_bytes((41u << 20) + (300u << 10)), "41.3 MiB");
  EXPECT_EQ(human_bytes(std::numeric_limits<std::uint64_t>::max()), "16777216.0 TiB");
}

}  // namespace
}  // namespace mobiedit
