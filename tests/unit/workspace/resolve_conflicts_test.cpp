// Conflicts between edits, with made-up answers: no model anywhere.
#include "workspace/resolve_conflicts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

#include "workspace/recheck_choice.h"

namespace mobiedit {
namespace {

Edit edit_about(const std::string& subject, std::int64_t id = 0) {
  Edit edit;
  edit.id = id;
  edit.request = {subject, "{} is", "x", {}, {}};
  edit.update = RankOneUpdate{0, {1.0f}, {1.0f}};
  return edit;
}

std::vector<Outcome> new_edits(const std::vector<std::string>& subjects) {
  std::vector<Outcome> outcomes;
  for (const std::string& subject : subjects) {
    Outcome& outcome = outcomes.emplace_back();
    outcome.edit = edit_about(subject);
    outcome.kept = true;
  }
  return outcomes;
}

/// `answers(edit, in_force)` says whether an edit answers.
AskFn asking(
    const std::function<bool(const std::string& subject, const std::function<bool(const char*)>& has)>& answers,
    int* times = nullptr) {
  return [=](const EditList& in_force, const EditList& asked) -> Result<std::vector<bool>> {
    if (times != nullptr) ++*times;
    const auto has = [&](const char* subject) {
      return std::ranges::any_of(in_force, [&](const Edit* edit) { return edit->request.subject == subject; });
    };
    std::vector<bool> all;
    for (const Edit* edit : asked) all.push_back(answers(edit->request.subject, has));
    return all;
  };
}

std::vector<std::string> kept_subjects(const std::vector<Outcome>& outcomes) {
  std::vector<std::string> subjects;
  for (const Edit* edit : kept_edits(outcomes)) subjects.push_back(edit->request.subject);
  return subjects;
}

TEST(ResolveConflicts, KeepsEditsThatAllAnswer) {
  const std::vector<Edit> before{edit_about("old", 4)};
  const EditList earlier = list_of(before);
  auto outcomes = new_edits({"a", "b"});
  ASSERT_TRUE(resolve_conflicts(earlier, earlier, outcomes, asking([](const auto&, const auto&) { return true; })));
  EXPECT_EQ(kept_subjects(outcomes), (std::vector<std::string>{"a", "b"}));
}

// Two new edits clash: the one that no longer answers goes.
TEST(ResolveConflicts, DropsANewEditThatDoesNotAnswerBesideTheOthers) {
  auto outcomes = new_edits({"a", "b", "c"});
  ASSERT_TRUE(resolve_conflicts({}, {}, outcomes, asking([](const std::string& subject, const auto& has) {
                                  return subject != "a" || !has("c");
                                })));
  EXPECT_EQ(kept_subjects(outcomes), (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(outcomes[0].refusal, Refusal::lost_with_others);
  EXPECT_TRUE(std::get<RankOneUpdate>(outcomes[0].edit.update).left.empty());
}

TEST(ResolveConflicts, BisectionFindsTheOneThatBreaksAnEarlierEdit) {
  const std::vector<Edit> before{edit_about("old", 4), edit_about("other", 5)};
  const EditList earlier = list_of(before);
  for (const char* culprit : {"a", "b", "c", "d", "e", "f", "g"}) {
    auto outcomes = new_edits({"a", "b", "c", "d", "e", "f", "g"});
    int times = 0;
    ASSERT_TRUE(resolve_conflicts(
        earlier, earlier, outcomes,
        asking([&](const std::string& subject, const auto& has) { return subject != "old" || !has(culprit); },
               &times)));
    EXPECT_EQ(kept_edits(outcomes).size(), 6u);
    for (const Outcome& outcome : outcomes) {
      const bool is_culprit = outcome.edit.request.subject == culprit;
      EXPECT_EQ(outcome.refusal, is_culprit ? Refusal::breaks_earlier : Refusal::none);
      if (is_culprit) {
        EXPECT_EQ(outcome.why_not, "it would break edit 4 (old)");
      }
    }
    EXPECT_LE(times, 1 + 1 + 3 + 1);  // before, all, three halvings of seven, the rest
  }
}

// Neither of two new edits does it alone; the later one is the culprit.
TEST(ResolveConflicts, OfTwoThatBreakAnEarlierEditTogetherTheLaterGoes) {
  const std::vector<Edit> before{edit_about("old", 4)};
  const EditList earlier = list_of(before);
  auto outcomes = new_edits({"a", "b", "c", "d"});
  ASSERT_TRUE(resolve_conflicts(earlier, earlier, outcomes, asking([](const std::string& subject, const auto& has) {
                                  return subject != "old" || !(has("b") && has("d"));
                                })));
  EXPECT_EQ(kept_subjects(outcomes), (std::vector<std::string>{"a", "b", "c"}));
}

TEST(ResolveConflicts, AnEarlierEditThatNeverAnsweredBlamesNobody) {
  const std::vector<Edit> before{edit_about("old", 4)};
  const EditList earlier = list_of(before);
  auto outcomes = new_edits({"a"});
  ASSERT_TRUE(resolve_conflicts(earlier, earlier, outcomes,
                                asking([](const std::string& subject, const auto&) { return subject != "old"; })));
  EXPECT_EQ(kept_subjects(outcomes), (std::vector<std::string>{"a"}));
}

TEST(ResolveConflicts, AReplacedEditIsNeitherAskedNorMissed) {
  const std::vector<Edit> before{edit_about("old", 4)};
  const EditList earlier = list_of(before);
  auto outcomes = new_edits({" old ", "b"});
  int asked_old = 0;
  ASSERT_TRUE(resolve_conflicts(earlier, earlier, outcomes, asking([&](const std::string& subject, const auto& has) {
                                  if (subject == "old" && has(" old ")) ++asked_old;
                                  return subject != "old" || !has(" old ");
                                })));
  EXPECT_EQ(kept_edits(outcomes).size(), 2u);
  EXPECT_EQ(asked_old, 0);
}

TEST(ResolveConflicts, NotesTheOtherEditsOfASubject) {
  std::vector<Edit> before{edit_about("old", 4), edit_about("other", 5)};
  before[0].request.prompt = "{} was";
  const EditList earlier = list_of(before);
  auto outcomes = new_edits({"old"});
  ASSERT_TRUE(resolve_conflicts(earlier, earlier, outcomes, asking([](const auto&, const auto&) { return true; })));
  ASSERT_EQ(outcomes[0].same_subject.size(), 1u);
  EXPECT_EQ(outcomes[0].same_subject[0].id, 4);
  EXPECT_EQ(outcomes[0].same_subject[0].before, true);
  EXPECT_TRUE(outcomes[0].same_subject[0].after);
}

TEST(ResolveConflicts, ReturnsAnErrorOfTheAsking) {
  auto outcomes = new_edits({"a"});
  const auto done = resolve_conflicts({}, {}, outcomes, [](const EditList&, const EditList&) {
    return Result<std::vector<bool>>(fail(ErrorCode::cancelled, "stopped"));
  });
  EXPECT_EQ(done.error().code, ErrorCode::cancelled);
}

TEST(EditLists, TheLastEditOfAFactIsInForce) {
  const std::vector<Edit> before{edit_about("a", 1), edit_about("b", 2)};
  const std::vector<Edit> after{edit_about("c"), edit_about(" a"), edit_about("c ")};
  const EditList list = in_force_with(list_of(before), list_of(after));
  EXPECT_EQ(list, (EditList{&before[1], &after[1], &after[2]}));
}

// Up to 300 are all asked; of more the subject's own, the nearest, and some of the rest.
TEST(RecheckChoice, AsksTheSubjectsOwnAndTheNearest) {
  std::vector<Edit> before;
  for (int i = 0; i < 1000; ++i) {
    before.push_back(edit_about("subject " + std::to_string(i), i + 1));
    std::get<RankOneUpdate>(before.back().update).right = {i == 700 ? 1.0f : 0.0f, i == 700 ? 0.1f : 1.0f};
  }
  std::vector<Edit> added{edit_about("subject 900")};
  std::get<RankOneUpdate>(added[0].update).right = {1.0f, 0.0f};
  const EditList earlier = list_of(before);
  const EditList some(earlier.begin(), earlier.begin() + 300);
  EXPECT_EQ(worth_asking(some, list_of(added)), some);
  const EditList asked = worth_asking(earlier, list_of(added));
  EXPECT_EQ(asked.size(), 300u);
  EXPECT_TRUE(std::ranges::count(asked, &before[900]));
  EXPECT_TRUE(std::ranges::count(asked, &before[700]));
  EXPECT_TRUE(std::ranges::is_sorted(asked, {}, [](const Edit* edit) { return edit->id; }));
}

}  // namespace
}  // namespace mobiedit
