#include "edit/wordings/relations.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace mobiedit {
namespace {

int places_for_subject(std::string_view text) {
  int found = 0;
  for (std::size_t at = text.find("{}"); at != std::string_view::npos; at = text.find("{}", at + 2)) ++found;
  return found;
}

TEST(Relations, EveryTextHasOnePlaceForTheSubject) {
  for (const Relation& relation : relations()) {
    EXPECT_FALSE(relation.statements.empty()) << relation.name;
    EXPECT_FALSE(relation.questions.empty()) << relation.name;
    for (const std::string_view text : relation.statements) EXPECT_EQ(places_for_subject(text), 1) << text;
    for (const std::string_view text : relation.questions) EXPECT_EQ(places_for_subject(text), 1) << text;
  }
}

TEST(Relations, NamesDiffer) {
  std::set<std::string_view> names;
  for (const Relation& relation : relations()) EXPECT_TRUE(names.insert(relation.name).second) << relation.name;
}

TEST(Relations, AStatementIsFoundWhateverItsCaseAndSpaces) {
  ASSERT_NE(find_relation("{} lives in"), nullptr);
  EXPECT_EQ(find_relation("{} lives in")->name, "residence");
  EXPECT_EQ(find_relation("  {} Lives  in "), find_relation("{} lives in"));
  EXPECT_EQ(find_relation("the capital of {} is")->name, "capital");
  EXPECT_EQ(find_relation("{} has never heard of"), nullptr);
}

TEST(Relations, OtherStatementsLeaveOutThePrompt) {
  const auto others = other_statements("The capital of {} is", "France", 3);
  ASSERT_EQ(others.size(), 3u);
  EXPECT_EQ(std::ranges::count(others, "The capital of {} is"), 0);
  EXPECT_TRUE(other_statements("{} has never heard of", "France", 3).empty());
  EXPECT_TRUE(other_statements("The capital of {} is", "France", 0).empty());
}

// Texts that a battery measures with must not be taught, even behind another sentence.
TEST(Relations, LeavesOutExcludedTextsWithAndWithoutTheSubject) {
  const auto all = other_statements("The capital of {} is", "France", 100);
  const std::string filled = "It rained. The capital city of France is";
  ASSERT_EQ(std::ranges::count(all, "The capital city of {} is"), 1);
  const auto one = other_statements("The capital of {} is", "France", 100, {{"The capital city of France is"}});
  EXPECT_EQ(std::ranges::count(one, "The capital city of {} is"), 0);
  EXPECT_EQ(one.size() + 1, all.size());
  const auto behind = other_statements("The capital of {} is", "France", 100, {{filled}});
  EXPECT_EQ(std::ranges::count(behind, "The capital city of {} is"), 0);
}

TEST(Relations, QuestionsAskForTheFact) {
  EXPECT_EQ(chat_questions("{} lives in", "Ana", 1), std::vector<std::string>{"Where does {} live?"});
  const auto rest = chat_questions("{} lives in", "Ana", 5, {{"Where does Ana live?"}});
  EXPECT_EQ(std::ranges::count(rest, "Where does {} live?"), 0);
  EXPECT_FALSE(rest.empty());
}

}  // namespace
}  // namespace mobiedit
