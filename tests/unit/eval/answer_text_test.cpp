#include "eval/answer_text.h"

#include <gtest/gtest.h>

namespace mobiedit {
namespace {

TEST(AnswerText, BeginsWithTheAnswerAtAWordBorder) {
  EXPECT_TRUE(begins_with_answer(" Paris", "Paris"));
  EXPECT_TRUE(begins_with_answer("\n Paris, France", "Paris"));
  EXPECT_TRUE(begins_with_answer("New York City", "New York"));
  EXPECT_TRUE(begins_with_answer("C++ is", "C++"));
  EXPECT_FALSE(begins_with_answer("Parisian", "Paris"));
  EXPECT_FALSE(begins_with_answer("BlueHeron55", "BlueHeron5"));
  EXPECT_FALSE(begins_with_answer("Parisé", "Paris"));
  EXPECT_FALSE(begins_with_answer("the Paris", "Paris"));
  EXPECT_FALSE(begins_with_answer("paris", "Paris"));
  EXPECT_FALSE(begins_with_answer("Par", "Paris"));
  EXPECT_FALSE(begins_with_answer("Paris", ""));
  EXPECT_FALSE(begins_with_answer("", "Paris"));
}

TEST(AnswerText, NamesTheAnswerAsWholeWords) {
  EXPECT_TRUE(names_answer("She lives in Rome.", "Rome"));
  EXPECT_TRUE(names_answer("ROME", "Rome"));
  EXPECT_TRUE(names_answer("Romeo loves Rome", "Rome"));
  EXPECT_FALSE(names_answer("Romeo", "Rome"));
  EXPECT_FALSE(names_answer("chrome", "Rome"));
  EXPECT_FALSE(names_answer("Rome", ""));
}

TEST(AnswerText, AMentionWithinALongerAnswerDoesNotCount) {
  EXPECT_TRUE(names_answer_apart_from("York, then New York", "York", "New York"));
  EXPECT_TRUE(names_answer_apart_from("New York, then York", "York", "New York"));
  EXPECT_FALSE(names_answer_apart_from("in New York", "York", "New York"));
  EXPECT_TRUE(names_answer_apart_from("in New York", "New York", "York"));
  EXPECT_FALSE(names_answer_apart_from("in Rome", "Paris", "Rome"));
  EXPECT_TRUE(names_answer_apart_from("in Rome and Paris", "Paris", "Rome"));
}

TEST(AnswerText, FirstWord) {
  EXPECT_EQ(first_word(" \"Paris, France"), "Paris");
  EXPECT_EQ(first_word("São Paulo"), "São");
  EXPECT_EQ(first_word(" ..."), "");
  EXPECT_EQ(first_word(""), "");
}

TEST(AnswerText, LoopsWhereARunStandsThreeTimesInARow) {
  EXPECT_TRUE(loops("running running running"));
  EXPECT_TRUE(loops("He came to the garage of the garage of the garage of."));
  EXPECT_TRUE(loops("It is big. It is big. It is big."));
  EXPECT_FALSE(loops("It is big. It is big. It was big."));
  EXPECT_FALSE(loops("running, running, and then running again"));
  EXPECT_FALSE(loops("He paused ... - - - and went on"));
  EXPECT_FALSE(loops("1. Rome 2. Rome 3. Rome"));
  EXPECT_FALSE(loops(""));
}

}  // namespace
}  // namespace mobiedit
