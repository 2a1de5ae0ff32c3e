// Answers to questions that take more than one fact.
#include "lab/study/multihop.h"

#include <gtest/gtest.h>

namespace mobiedit {
namespace {

TEST(Multihop, AnAnswerIsAWordOfItsOwn) {
  const std::vector<std::string> answers{"Oman", "Sultanate of Oman"};
  EXPECT_TRUE(gives_answer(" Oman", answers));
  EXPECT_TRUE(gives_answer("Oman.", answers));
  EXPECT_TRUE(gives_answer("\nSultanate of Oman, which", answers));
  EXPECT_FALSE(gives_answer("Omanis", answers));
  EXPECT_FALSE(gives_answer("in Oman", answers));
  EXPECT_FALSE(gives_answer("Oma", answers));
  EXPECT_FALSE(gives_answer("", answers));
  const std::vector<std::string> nothing{""};
  EXPECT_FALSE(gives_answer("anything", nothing));
}

}  // namespace
}  // namespace mobiedit
