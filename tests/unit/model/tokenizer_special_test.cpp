#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mobiedit/model/tokenizer.h"
#include "unit/model/tiny_vocabulary.h"

namespace mobiedit {
namespace {

using test::make_tokenizer;
using test::pieces;
using test::tiny_vocabulary;

constexpr EncodeOptions parsed{.add_special = true, .parse_special = true};

TokenizerData with(TokenizerData data, std::string token, int type) {
  data.tokens.push_back(std::move(token));
  data.types.push_back(type);
  return data;
}

TEST(SpecialTokens, AreTextUnlessAskedFor) {
  const auto tokenizer = make_tokenizer(tiny_vocabulary({}, "gpt-2", {"<|x|>"}));
  EXPECT_EQ(tokenizer.encode("a<|x|>b", parsed), (std::vector<Token>{'a', 256, 'b'}));
  EXPECT_EQ(tokenizer.encode("a<|x|>b"), (std::vector<Token>{'a', '<', '|', 'x', '|', '>', 'b'}));
  EXPECT_EQ(tokenizer.encode("<|x|><|x|>", parsed), (std::vector<Token>{256, 256}));
  EXPECT_EQ(tokenizer.encode("<|x|", parsed), (std::vector<Token>{'<', '|', 'x', '|'}));
}

TEST(SpecialTokens, UserDefinedOnesAreAlwaysTaken) {
  const auto tokenizer = make_tokenizer(with(tiny_vocabulary({}), "<tool>", 4));
  EXPECT_EQ(tokenizer.encode("a<tool>"), (std::vector<Token>{'a', 256}));
  EXPECT_EQ(tokenizer.piece(256), "<tool>");
}

TEST(SpecialTokens, TheLongestOfThoseThatBeginAtAPlaceIsTaken) {
  auto data = with(with(with(tiny_vocabulary({}), "<a>", 4), "<a><b>", 4), "<a", 4);
  const auto tokenizer = make_tokenizer(std::move(data));
  EXPECT_EQ(pieces(tokenizer, "<a><b>x<a>x<ax<"), "<a><b>|x|<a>|x|<a|x|<");
  EXPECT_EQ(pieces(tokenizer, "<a><b"), "<a>|<|b");
}

TEST(SpecialTokens, AnyBytesCanBeAName) {
  auto data = with(with(with(tiny_vocabulary({}), std::string("\0\0", 2), 4), "\xFF\x80", 4), "\x80", 4);
  const auto tokenizer = make_tokenizer(std::move(data));
  EXPECT_EQ(tokenizer.encode(std::string("a\0\0\0\xFF\x80\x80", 7)), (std::vector<Token>{'a', 256, 0, 257, 258}));
}

TEST(SpecialTokens, SplitTheTextBeforeItIsCutIntoWords) {
  // Without the token the two spaces would go one to each side: "a", " ", " b".
  const auto tokenizer = make_tokenizer(with(tiny_vocabulary({"Ġ b"}), "  ", 4));
  EXPECT_EQ(pieces(tokenizer, "a  b"), "a|  |b");
}

TEST(SpecialTokens, MergesNeverMakeAControlToken) {
  // The vocabulary's own merges spell a control token; text that says so stays text.
  auto data = tiny_vocabulary({"x y", "xy z"});
  data.types[257] = 3;
  const auto tokenizer = make_tokenizer(std::move(data));
  EXPECT_EQ(tokenizer.encode("xyz"), (std::vector<Token>{'x', 'y', 'z'}));
  EXPECT_EQ(tokenizer.encode("xyz", parsed), (std::vector<Token>{257}));
}

TEST(SpecialTokens, ControlTokensAreShownOnlyWhenAskedFor) {
  auto data = with(tiny_vocabulary({}, "gpt-2", {"<|x|>"}), "<unk>", 2);
  data = with(std::move(data), "[unused]", 5);
  const auto tokenizer = make_tokenizer(std::move(data));
  const std::vector<Token> tokens{'a', 256, 257, 258, 'b'};
  EXPECT_EQ(tokenizer.decode(tokens), "ab");
  EXPECT_EQ(tokenizer.decode(tokens, true), "a<|x|><unk>b");
  EXPECT_EQ(tokenizer.piece(256), "");
  EXPECT_EQ(tokenizer.piece(256, true), "<|x|>");
}

TEST(SpecialTokens, IdsOutsideTheVocabularyGiveNothing) {
  const auto tokenizer = make_tokenizer(tiny_vocabulary({}));
  EXPECT_EQ(tokenizer.decode(std::vector<Token>{-1, 256, 2147483647, 'a', -2147483647 - 1}, true), "a");
  EXPECT_FALSE(tokenizer.is_end(-1));
}

TEST(SpecialTokens, BosAndEosAsTheVocabularyWantsThem) {
  auto data = tiny_vocabulary({}, "gpt-2", {"<s>", "</s>"});
  data.bos = 256;
  data.eos = 257;
  const auto plain = make_tokenizer(data);
  EXPECT_FALSE(plain.adds_bos());
  EXPECT_EQ(plain.encode("a"), (std::vector<Token>{'a'}));
  data.pre = "llama-bpe";
  const auto by_pattern = make_tokenizer(data);
  EXPECT_TRUE(by_pattern.adds_bos());
  EXPECT_EQ(by_pattern.encode("a"), (std::vector<Token>{256, 'a'}));
  data.add_bos = false;
  data.add_eos = true;
  const auto by_key = make_tokenizer(data);
  EXPECT_EQ(by_key.encode("a"), (std::vector<Token>{'a'})) << "a prompt is continued: EOS would end it";
  EXPECT_EQ(by_key.encode("a", {.add_end = true}), (std::vector<Token>{'a', 257}));
  EXPECT_EQ(by_key.encode("", {.add_end = true}), (std::vector<Token>{257}));
  EXPECT_EQ(plain.encode("a", {.add_end = true}), (std::vector<Token>{'a'})) << "the model wants none";
  EXPECT_EQ(by_key.encode("a", {.add_special = false}), (std::vector<Token>{'a'}));
  EXPECT_EQ(by_key.bos(), 256);
  EXPECT_EQ(by_key.eos(), 257);
}

TEST(SpecialTokens, WithoutAPatternTheDefaultIsTakenAndSaidSo) {
  const auto named = make_tokenizer(tiny_vocabulary({}, "default"));
  const auto unnamed = make_tokenizer(tiny_vocabulary({}, ""));
  EXPECT_TRUE(named.warnings().empty());
  ASSERT_EQ(unnamed.warnings().size(), 1u);
  EXPECT_NE(unnamed.warnings()[0].find("tokenizer.ggml.pre"), std::string::npos);
  for (const char* text : {"It's 12345, isn't it?", "a+b  c", "'s"})
    EXPECT_EQ(unnamed.encode(text), named.encode(text));
}

TEST(SpecialTokens, WhatEndsGeneration) {
  auto data = tiny_vocabulary({}, "gpt-2", {"<|im_end|>", "<|eot_id|>", "<|start|>", "<stop>", "<eom>"});
  data.eos = 'z';
  data.eot = 259;
  data.other_ends = {260, 99999, -4};
  const auto tokenizer = make_tokenizer(std::move(data));
  for (const Token end : {Token{256}, Token{257}, Token{'z'}, Token{259}, Token{260}})
    EXPECT_TRUE(tokenizer.is_end(end));
  for (const Token other : {Token{258}, Token{'a'}, Token{99999}, Token{-4}}) EXPECT_FALSE(tokenizer.is_end(other));
}

TEST(SpecialTokens, ANameThatEndsGenerationIsControlWhateverItsType) {
  for (const char* name :
       {"<|im_end|>", "[EOS]", "_<EOT>", "<\uFF5Cend\u2581of\u2581sentence\uFF5C>", "<|file_sep|>"}) {
    const auto tokenizer = make_tokenizer(with(tiny_vocabulary({}), name, 1));
    EXPECT_TRUE(tokenizer.is_end(256)) << name;
    EXPECT_EQ(tokenizer.piece(256), "") << name;
    EXPECT_EQ(tokenizer.encode(name, parsed), (std::vector<Token>{256})) << name;
  }
  for (const char* name : {"<|fim_prefix|>", "\u2581<PRE>"}) {
    const auto tokenizer = make_tokenizer(with(tiny_vocabulary({}), name, 4));
    EXPECT_FALSE(tokenizer.is_end(256)) << name;
    EXPECT_EQ(tokenizer.piece(256), "") << name;
  }
}

TEST(SpecialTokens, ANameThatTheMergesMakeIsText) {
  // Qwen's vocabulary has "</s>" as an ordinary token, beside its own end of text.
  const auto tokenizer = make_tokenizer(tiny_vocabulary({"< /", "</ s", "</s >"}, "bloom"));
  EXPECT_FALSE(tokenizer.is_end(258));
  EXPECT_EQ(tokenizer.encode("</s>"), (std::vector<Token>{258}));
  EXPECT_EQ(tokenizer.piece(258), "</s>");
}

}  // namespace
}  // namespace mobiedit
