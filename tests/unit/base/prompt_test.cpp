// A prompt gets its subject in the place of {}.
#include "mobiedit/base/prompt.h"

#include <gtest/gtest.h>

namespace mobiedit {
namespace {

TEST(Prompt, GetsItsSubjectAtTheFirstMark) {
  EXPECT_EQ(filled_prompt("The mother tongue of {} is", "Ada"), "The mother tongue of Ada is");
  EXPECT_EQ(filled_prompt("{}", "Ada"), "Ada");
  EXPECT_EQ(filled_prompt("{} and {}", "{}"), "{} and {}");
  EXPECT_EQ(filled_prompt("no mark", "Ada"), "no mark");
  EXPECT_EQ(filled_prompt("", "Ada"), "");
}

}  // namespace
}  // namespace mobiedit
