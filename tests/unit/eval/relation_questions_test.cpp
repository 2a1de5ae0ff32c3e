#include "eval/relation_questions.h"

#include <gtest/gtest.h>

#include <string_view>

namespace mobiedit {
namespace {

TEST(RelationQuestions, EachAsksForTheSubjectOnceAndIsDenied) {
  // The 34 relations of CounterFact.
  for (const char* relation :
       {"P17",  "P19",  "P20",  "P27",  "P30",  "P36",  "P37",  "P39",  "P101",  "P103", "P106", "P108",
        "P127", "P131", "P136", "P138", "P140", "P159", "P176", "P178", "P190",  "P264", "P276", "P364",
        "P407", "P413", "P449", "P463", "P495", "P641", "P740", "P937", "P1303", "P1412"}) {
    const RelationQuestions* questions = questions_of(relation);
    ASSERT_NE(questions, nullptr) << relation;
    for (const std::string_view text : {questions->question, questions->negated}) {
      EXPECT_NE(text.find("{}"), std::string_view::npos) << text;
      EXPECT_EQ(text.find("{}"), text.rfind("{}")) << text;
      EXPECT_TRUE(text.ends_with('?')) << text;
    }
    EXPECT_NE(questions->negated.find(" not"), std::string_view::npos) << questions->negated;
    EXPECT_EQ(questions->question.find(" not"), std::string_view::npos) << questions->question;
  }
  EXPECT_EQ(questions_of("P0"), nullptr);
  EXPECT_EQ(questions_of(""), nullptr);
}

}  // namespace
}  // namespace mobiedit
