#include "base/fingerprint.h"

#include <gtest/gtest.h>

#include <span>
#include <string>

namespace mobiedit {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

// The values are those of xxhsum -H2. Stores and files hold such digits, so they must never change.
TEST(Fingerprint, HasTheDigitsOfXxh3) {
  EXPECT_EQ(fingerprint({}), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(fingerprint(bytes_of("a")), "a96faf705af16834e6c632b61e964e1f");
}

TEST(Fingerprint, PiecesGiveTheDigitsOfTheWhole) {
  const std::string text(1000, 'x');
  for (const std::size_t cut : {std::size_t{0}, std::size_t{1}, std::size_t{255}, std::size_t{1000}}) {
    Fingerprint pieces;
    pieces.add(bytes_of(text).first(cut));
    pieces.add(bytes_of(text).subspan(cut));
    EXPECT_EQ(pieces.digits(), fingerprint(bytes_of(text))) << cut;
  }
}

}  // namespace
}  // namespace mobiedit
