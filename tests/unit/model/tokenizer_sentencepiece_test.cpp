#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "mobiedit/model/tokenizer.h"
#include "unit/model/tiny_vocabulary.h"

namespace mobiedit {
namespace {

using test::make_tokenizer;
using test::pieces;

constexpr Token first_byte = 3;
constexpr Token first_piece = first_byte + 256;
constexpr EncodeOptions bare{.add_special = false};

/// <unk>, <s>, </s>, the 256 byte tokens, then the pieces with their scores; '_' stands for U+2581.
TokenizerData vocabulary(const std::vector<std::pair<std::string, float>>& scored) {
  TokenizerData data;
  data.model = "llama";
  data.tokens = {"<unk>", "<s>", "</s>"};
  data.types = {2, 3, 3};
  for (int byte = 0; byte < 256; ++byte) {
    const char* digits = "0123456789ABCDEF";
    data.tokens.push_back(std::string("<0x") + digits[byte / 16] + digits[byte % 16] + ">");
    data.types.push_back(6);
  }
  data.scores.assign(data.tokens.size(), 0);
  for (const auto& [text, score] : scored) {
    std::string& token = data.tokens.emplace_back();
    for (const char c : text) token += c == '_' ? "\xE2\x96\x81" : std::string(1, c);
    data.types.push_back(1);
    data.scores.push_back(score);
  }
  return data;
}

TEST(SentencePiece, MergesTheBestScoreFirst) {
  const auto tokenizer =
      make_tokenizer(vocabulary({{"a", -9}, {"b", -9}, {"c", -9}, {"_", -9}, {"ab", -2}, {"bc", -1}, {"abc", -3}}));
  EXPECT_EQ(pieces(tokenizer, "abc", bare), " |abc");  // b+c, then a+bc
  EXPECT_EQ(pieces(tokenizer, "ab", bare), " |ab");
}

TEST(SentencePiece, OfEqualScoresTheLeftmostMerges) {
  const auto tokenizer = make_tokenizer(vocabulary({{"a", 0}, {"_", 0}, {"aa", -1}, {"aaa", -1}, {"aaaa", -1}}));
  // From the left: aa, then aa+a, then aaa+a; the peer does the same with runs of spaces in the real vocabulary.
  EXPECT_EQ(pieces(tokenizer, "aaaaaa", bare), " |aaaa|aa");
}

TEST(SentencePiece, SpacesAreLettersOfTheirOwn) {
  const auto data = vocabulary({{"_", -1}, {"_a", -2}, {"__", -3}, {"a", -4}});
  const auto tokenizer = make_tokenizer(data);
  EXPECT_EQ(pieces(tokenizer, "a a", bare), " a| a");
  EXPECT_EQ(pieces(tokenizer, " a", bare), " | a");
  EXPECT_EQ(pieces(tokenizer, "a  ", bare), " a|  ");
  EXPECT_EQ(pieces(tokenizer, "", bare), "");
  auto unprefixed = data;
  unprefixed.add_space_prefix = false;
  EXPECT_EQ(pieces(make_tokenizer(std::move(unprefixed)), "a a", bare), "a| a");
}

TEST(SentencePiece, PiecesMaySpanWords) {
  const auto tokenizer =
      make_tokenizer(vocabulary({{"_", -9}, {"a", -9}, {"b", -9}, {"_b", -2}, {"a_b", -1}, {"a_", -3}}));
  EXPECT_EQ(pieces(tokenizer, "a b", bare), " |a b");
}

TEST(SentencePiece, WhatHasNoPieceIsBytes) {
  const auto tokenizer = make_tokenizer(vocabulary({{"_", 0}, {"a", 0}}));
  EXPECT_EQ(tokenizer.encode("a\xC3\xA9", bare),
            (std::vector<Token>{first_piece, first_piece + 1, first_byte + 0xC3, first_byte + 0xA9}));
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("a\xC3\xA9\n", bare)), " a\xC3\xA9\n");
}

TEST(SentencePiece, TextThatIsNotUtf8IsEncodedByteByByte) {
  const auto tokenizer = make_tokenizer(vocabulary({{"_", 0}, {"a", 0}}));
  EXPECT_EQ(tokenizer.encode("\xC3"
                             "a\xFF",
                             bare),
            (std::vector<Token>{first_piece, first_byte + 0xC3, first_piece + 1, first_byte + 0xFF}));
}

TEST(SentencePiece, WithoutByteTokensTheRestIsUnknown) {
  TokenizerData data;
  data.model = "llama";
  data.tokens = {"<unk>", "<s>", "</s>", "a", "\n"};
  data.types = {2, 3, 3, 1, 1};
  data.scores = {0, 0, 0, -1, -1};
  data.add_space_prefix = false;
  const auto tokenizer = make_tokenizer(data);
  EXPECT_EQ(tokenizer.encode("a\xC3\xA9\n", bare), (std::vector<Token>{3, 0, 0, 4}));
  // The byte's own character counts as its token, as in llama.cpp.
  EXPECT_EQ(tokenizer.encode("a", bare), (std::vector<Token>{3}));
}

TEST(SentencePiece, BosComesFirstUnlessTheFileSaysOtherwise) {
  auto data = vocabulary({{"_", 0}, {"a", 0}});
  const auto tokenizer = make_tokenizer(data);
  EXPECT_TRUE(tokenizer.adds_bos());
  EXPECT_EQ(tokenizer.encode("a"), (std::vector<Token>{1, first_piece, first_piece + 1}));
  EXPECT_EQ(tokenizer.encode(""), (std::vector<Token>{1}));
  EXPECT_EQ(tokenizer.eos(), 2);
  EXPECT_TRUE(tokenizer.is_end(2));
  data.add_bos = false;
  EXPECT_EQ(make_tokenizer(data).encode("a"), (std::vector<Token>{first_piece, first_piece + 1}));
}

TEST(SentencePiece, ASpaceComesInFrontAfterEverySpecialToken) {
  const auto tokenizer = make_tokenizer(vocabulary({{"_", -1}, {"_a", -2}, {"a", -3}}));
  EXPECT_EQ(pieces(tokenizer, "a<s>a</s>", {.add_special = false, .parse_special = true}), " a|<s>| a|</s>");
}

TEST(SentencePiece, NamesOfBytesAndControlTokensInTheTextAreText) {
  const auto tokenizer = make_tokenizer(vocabulary({{"_", 0}, {"<", 0}, {"s", 0}, {">", 0}, {"<s", -1}}));
  EXPECT_EQ(pieces(tokenizer, "<s>", bare), " |<s|>");
  // Steps that would lead to the byte token, if it counted as a piece.
  const auto steps = make_tokenizer(vocabulary({{"_", 0}, {"<0", -1}, {"<0x", -2}, {"<0x0", -3}, {"<0x0A", -4}}));
  EXPECT_EQ(pieces(steps, "<0x0A>", bare), " |<0x0A|>");
}

TEST(SentencePiece, AScoreThatIsNoNumberIsTheWorst) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto tokenizer = make_tokenizer(vocabulary(
      {{"a", nan}, {"b", nan}, {"c", nan}, {"_", nan}, {"ab", nan}, {"bc", -1e30f}, {"cc", nan}, {"ccc", nan}}));
  EXPECT_EQ(pieces(tokenizer, "abc", bare), " |a|bc");
  EXPECT_EQ(pieces(tokenizer, "cccccc", bare), " |ccc|ccc");
}

TEST(SentencePiece, AWordOf100000CharactersIsNotQuadratic) {
  std::vector<std::pair<std::string, float>> scored{{"_", 0}, {"a", 0}};
  for (std::size_t size = 2; size <= 64; size *= 2)
    scored.emplace_back(std::string(size, 'a'), -static_cast<float>(size));
  const auto tokenizer = make_tokenizer(vocabulary(scored));
  EXPECT_EQ(tokenizer.encode(std::string(100000, 'a'), bare).size(), 1u + 1562u + 1u);
}

}  // namespace
}  // namespace mobiedit
