#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "model/tokenizer/nfc.h"
#include "model/tokenizer/utf8.h"
#include "unit/model/tiny_vocabulary.h"

namespace mobiedit::tokenizer {
namespace {

std::string utf8(std::initializer_list<char32_t> code_points) {
  std::string text;
  for (const char32_t c : code_points) utf8_append(text, c);
  return text;
}

std::string nfc(std::initializer_list<char32_t> code_points) {
  std::string storage;
  return std::string(compose(utf8(code_points), storage));
}

// The characters are examples of Unicode's Standard Annex 15 and its conformance test.
TEST(Nfc, ComposesLettersAndMarks) {
  EXPECT_EQ(nfc({'e', 0x301}), utf8({0xE9}));
  EXPECT_EQ(nfc({0x1E0A, 0x323}), utf8({0x1E0C, 0x307}));  // Ḋ + dot below is Ḍ + dot above
  EXPECT_EQ(nfc({'D', 0x307, 0x323}), utf8({0x1E0C, 0x307}));
  EXPECT_EQ(nfc({'s', 0x323, 0x307}), utf8({0x1E69}));
  EXPECT_EQ(nfc({'s', 0x307, 0x323}), utf8({0x1E69}));
}

TEST(Nfc, ReplacesWhatOneCharacterStandsFor) {
  EXPECT_EQ(nfc({0x212B}), utf8({0xC5}));         // the Ångström sign
  EXPECT_EQ(nfc({0x2126}), utf8({0x3A9}));        // the Ohm sign
  EXPECT_EQ(nfc({0x344}), utf8({0x308, 0x301}));  // two marks that never compose
  EXPECT_EQ(nfc({0x2F800}), utf8({0x4E3D}));
}

TEST(Nfc, LeavesExcludedPairsApart) {
  EXPECT_EQ(nfc({0x958}), utf8({0x915, 0x93C}));
  EXPECT_EQ(nfc({0x915, 0x93C}), utf8({0x915, 0x93C}));
  EXPECT_EQ(nfc({0x1D15E}), utf8({0x1D157, 0x1D165}));
}

TEST(Nfc, OrdersMarksByTheirClassAndKeepsTheOrderWithinOne) {
  EXPECT_EQ(nfc({'a', 0x315, 0x300, 0x5AE, 'b'}), utf8({0xE0, 0x5AE, 0x315, 'b'}));
  EXPECT_EQ(nfc({'x', 0x301, 0x300}), utf8({'x', 0x301, 0x300}));
}

TEST(Nfc, AMarkOfTheSameClassBlocks) {
  EXPECT_EQ(nfc({'a', 0x30D, 0x301}), utf8({'a', 0x30D, 0x301}));
  EXPECT_EQ(nfc({'a', 0x323, 0x301}), utf8({0x1EA1, 0x301}));
  EXPECT_EQ(nfc({0x9C7, 0x300, 0x9BE}), utf8({0x9C7, 0x300, 0x9BE}));  // starters compose only side by side
  EXPECT_EQ(nfc({0x9C7, 0x9BE}), utf8({0x9CB}));
}

TEST(Nfc, HangulIsArithmetic) {
  EXPECT_EQ(nfc({0x1112, 0x1161, 0x11AB}), utf8({0xD55C}));  // 한
  EXPECT_EQ(nfc({0xD558, 0x11AB}), utf8({0xD55C}));
  EXPECT_EQ(nfc({0xD55C}), utf8({0xD55C}));
  EXPECT_EQ(nfc({0xD55C, 0x11AB}), utf8({0xD55C, 0x11AB}));
  EXPECT_EQ(nfc({0x1112, 0x11AB}), utf8({0x1112, 0x11AB}));
  EXPECT_EQ(nfc({0xD558, 0x11A7}), utf8({0xD558, 0x11A7}));  // not a trailing consonant
  EXPECT_EQ(nfc({0xD7A3}), utf8({0xD7A3}));
}

TEST(Nfc, LeavesTheRestAlone) {
  const std::string text = "caf\xC3\xA9 \xE6\x97\xA5\xE6\x9C\xAC \xD0\xB9 \xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD";
  std::string storage;
  EXPECT_EQ(compose(text, storage), text);
  EXPECT_EQ(compose("", storage), "");
  EXPECT_EQ(nfc({0x301, 'a'}), utf8({0x301, 'a'}));
}

TEST(Nfc, MarksComposeAcrossWhateverStandsAround) {
  EXPECT_EQ(nfc({'x', 'e', 0x301, 'e', 0x301, 'y', 0xE9, 0x301, 'z', 'a', 0x300}),
            utf8({'x', 0xE9, 0xE9, 'y', 0xE9, 0x301, 'z', 0xE0}));
  EXPECT_EQ(nfc({0xC5, 0x301, ' ', 0x41, 0x30A, 0x301, 0x4E00, 0x301, 'b'}),
            utf8({0x1FA, ' ', 0x1FA, 0x4E00, 0x301, 'b'}));
  EXPECT_EQ(nfc({0x301, 0x212B, 'a', 'b', 0x2126}), utf8({0x301, 0xC5, 'a', 'b', 0x3A9}));
}

TEST(Nfc, ALongRunOfMarksIsOrdered) {
  std::string text = "a";
  std::string below;
  std::string above;
  for (int i = 0; i < 1000; ++i) {
    utf8_append(text, i % 2 == 0 ? 0x301 : 0x323);
    utf8_append(i % 2 == 0 ? above : below, i % 2 == 0 ? 0x301 : 0x323);
  }
  std::string storage;
  EXPECT_EQ(compose(text, storage), utf8({0x1EA1}) + below.substr(2) + above);
}

TEST(Nfc, TextForQwenIsComposedAndForLlamaIsNot) {
  const std::vector<std::string> merges{"Ã ©"};
  const auto qwen = test::make_tokenizer(test::tiny_vocabulary(merges, "qwen2"));
  const auto gpt = test::make_tokenizer(test::tiny_vocabulary(merges, "gpt-2"));
  EXPECT_EQ(test::pieces(qwen, "e\xCC\x81"), "\xC3\xA9");
  EXPECT_EQ(test::pieces(gpt, "e\xCC\x81"), "e|\xCC|\x81");
}

}  // namespace
}  // namespace mobiedit::tokenizer
