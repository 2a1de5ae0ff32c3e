#include "model/text_stream.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mobiedit {
namespace {

/// The parts as they come out, with bars between, "!" where a stop string has come.
std::string streamed(const std::vector<std::string>& pieces, const std::vector<std::string>& stop = {}) {
  TextStream stream(stop);
  std::string shown, whole;
  const auto add = [&](std::string_view part) {
    whole += part;
    shown += std::string(part) + "|";
  };
  for (const std::string& piece : pieces) add(stream.push(piece));
  add(stream.finish());
  EXPECT_EQ(stream.take(), whole);
  return stream.stopped() ? shown + "!" : shown;
}

TEST(TextStream, GivesWholeCharacters) {
  EXPECT_EQ(streamed({"ab", "c"}), "ab|c||");
  EXPECT_EQ(streamed({"a\xC3", "\xA9z"}), "a|\xC3\xA9z||");
  EXPECT_EQ(streamed({"\xF0", "\x9F", "\x98", "\x80!"}), "|||\xF0\x9F\x98\x80!||");
  EXPECT_EQ(streamed({"a\xE2\x82"}), "a|\xE2\x82|") << "what never ends comes at the end";
  EXPECT_EQ(streamed({"\x80\x80\x80\x80", "\xFF"}), "\x80\x80\x80\x80|\xFF||") << "no UTF-8 at all is not held back";
}

TEST(TextStream, EndsBeforeAStopString) {
  EXPECT_EQ(streamed({"one\n", "two"}, {"\n"}), "one|||!");
  EXPECT_EQ(streamed({"a", "EN", "D", "b"}, {"END"}),
            "a||||"
            "|!");
  EXPECT_EQ(streamed({"aE", "Nx"}, {"END"}), "a|ENx||");
  EXPECT_EQ(streamed({"xyEN"}, {"END"}), "xy|EN|");
  EXPECT_EQ(streamed({"abcd"}, {"cd", "b"}), "a||!") << "the one that begins first";
  EXPECT_EQ(streamed({"aaab"}, {"aab"}), "a||!");
  EXPECT_EQ(streamed({"a", "a", "a", "b"}, {"aab"}), "||a|||!");
  EXPECT_EQ(streamed({"ab"}, {""}), "ab||");
}

}  // namespace
}  // namespace mobiedit
