#include <gtest/gtest.h>

#include <string>

#include "lab/battery/judge.h"

namespace mobiedit {
namespace {

FactRecord to_new_york() {
  FactRecord fact;
  fact.target_new = "New York";
  fact.target_true = "York";
  return fact;
}

Generation said(const std::string& text) {
  Generation generation;
  generation.text = text;
  return generation;
}

FactOutcome verdict(Ask ask, const std::string& unedited, const std::string& text) {
  FactOutcome outcome;
  judge(ask, to_new_york(), said(unedited), said(text), outcome);
  return outcome;
}

Ask ask_of(AskKind kind) {
  return {kind, 0, {}, {}, {}};
}

TEST(BatteryJudge, StatementsNeedTheTargetFirst) {
  EXPECT_TRUE(verdict(ask_of(AskKind::statement), "", " New York, and").exact);
  EXPECT_FALSE(verdict(ask_of(AskKind::statement), "", " old New York").exact);
  EXPECT_EQ(verdict(ask_of(AskKind::paraphrase), "", " New Yorkers").paraphrase_exact, std::vector<bool>{false});
  EXPECT_EQ(verdict(ask_of(AskKind::distracted), "", " New York").free.distracted, true);
}

TEST(BatteryJudge, OnlyNeighboursThatWereRightCount) {
  Ask ask = ask_of(AskKind::neighbour);
  ask.answer = "York";
  EXPECT_EQ(verdict(ask, " York", " York").free.neighbours_kept, std::vector<bool>{true});
  EXPECT_EQ(verdict(ask, " York", " New York").free.neighbours_kept, std::vector<bool>{false});
  EXPECT_TRUE(verdict(ask, " Leeds", " York").free.neighbours_kept.empty());
}

TEST(BatteryJudge, OtherFactsOfTheSubjectAreComparedByTheirFirstWord) {
  const Ask ask = ask_of(AskKind::same_subject);
  EXPECT_EQ(verdict(ask, " Leeds and", " Leeds, or").free.same_subject_kept, std::vector<bool>{true});
  EXPECT_EQ(verdict(ask, " Leeds", " New York").free.same_subject_kept, std::vector<bool>{false});
  // The unedited model gave the answer that the edit replaces: it may go.
  EXPECT_TRUE(verdict(ask, " York", " New York").free.same_subject_kept.empty());
}

TEST(BatteryJudge, ChatAnswersNeedTheTargetAnywhere) {
  const FactOutcome whole = verdict(ask_of(AskKind::chat), "", "It is in New York.");
  EXPECT_EQ(whole.free.chat, true);
  EXPECT_EQ(whole.free.chat_target_alone, true);  // the true answer stands within the new one
  EXPECT_EQ(whole.free.chat_ended, false);
  EXPECT_EQ(whole.free.looping, std::vector<bool>{false});
  const FactOutcome both = verdict(ask_of(AskKind::chat), "", "In York, or New York.");
  EXPECT_EQ(both.free.chat, true);
  EXPECT_EQ(both.free.chat_target_alone, false);
  EXPECT_EQ(verdict(ask_of(AskKind::other_form), "", "York or New York").free.chat_other_form,
            std::vector<bool>{false});
  EXPECT_EQ(verdict(ask_of(AskKind::own_words), "", "New York New York New York").free.looping,
            std::vector<bool>{true});
}

TEST(BatteryJudge, NegatedAndMultipleChoice) {
  EXPECT_EQ(verdict(ask_of(AskKind::negated), "", "It is not in New York.").free.negated, false);
  EXPECT_EQ(verdict(ask_of(AskKind::negated), "", "It is not in York.").free.negated, true);
  Ask ask = ask_of(AskKind::multiple_choice);
  ask.others = {"York", "Lima"};
  EXPECT_EQ(verdict(ask, "", "New York").free.multiple_choice, true);
  EXPECT_EQ(verdict(ask, "", "New York or Lima").free.multiple_choice, false);
  EXPECT_EQ(verdict(ask, "", "Lima").free.multiple_choice, false);
}

}  // namespace
}  // namespace mobiedit
