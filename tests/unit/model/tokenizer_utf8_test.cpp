#include <gtest/gtest.h>

#include <string>

#include "model/tokenizer/utf8.h"

namespace mobiedit::tokenizer {
namespace {

TEST(Utf8, EveryCodePointIsReadAsItIsWritten) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    std::string text;
    utf8_append(text, c);
    if (c >= 0xD800 && c <= 0xDFFF) {
      ASSERT_EQ(utf8_length(text, 0), 0u) << std::hex << static_cast<unsigned>(c);
      continue;
    }
    ASSERT_EQ(utf8_length(text, 0), text.size()) << std::hex << static_cast<unsigned>(c);
    ASSERT_EQ(utf8_decode(text, 0, text.size()), c);
    // One byte less is no character any more.
    const std::string cut = text.substr(0, text.size() - 1);
    if (!cut.empty()) {
      ASSERT_EQ(utf8_length(cut, 0), 0u) << std::hex << static_cast<unsigned>(c);
    }
  }
}

TEST(Utf8, WhatIsNotWellFormedHasNoLength) {
  for (const char* text : {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3(", "\xE0\x80\x80", "\xE0\x9F\xBF",
                           "\xE2\x82", "\xE2\x82(", "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF",
                           "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF8\x88\x80\x80\x80", "\xFF"}) {
    EXPECT_EQ(utf8_length(text, 0), 0u);
  }
}

TEST(Utf8, ARunEndsBeforeTheFirstByteThatDoesNotFit) {
  const std::string good = "plain text, caf\xC3\xA9, \xE6\x97\xA5\xE6\x9C\xAC, \xF0\x9F\x91\x8D and more";
  EXPECT_EQ(utf8_run(good, 0), good.size());
  EXPECT_EQ(utf8_run(good, 3), good.size() - 3);
  for (std::size_t at = 0; at <= good.size(); ++at) {
    std::string bad = good;
    bad.insert(at, 1, '\xFF');
    // A character that the byte falls into is lost as a whole.
    std::size_t end = at;
    while (end > 0 && end < good.size() && (static_cast<unsigned char>(good[end]) & 0xC0) == 0x80) --end;
    EXPECT_EQ(utf8_run(bad, 0), end) << at;
  }
}

}  // namespace
}  // namespace mobiedit::tokenizer
