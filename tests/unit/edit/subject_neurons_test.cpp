#include "edit/subject_neurons.h"

#include <gtest/gtest.h>

namespace mobiedit {
namespace {

/// A fact of a subject, whose neuron is told apart by the one number in it.
Edit fact(const std::string& subject, const std::string& target, float number, std::vector<ServedFact> with = {}) {
  Edit edit;
  edit.request = {subject, "{} likes " + target + " and", target, {}, {}};
  edit.update = Neuron{3, {number}, {number}, {number}};
  edit.found_with = std::move(with);
  return edit;
}

ServedFact served(const std::string& target) {
  return {"{} likes " + target + " and", target};
}

std::vector<float> numbers(const std::vector<const Edit*>& edits) {
  std::vector<float> found;
  for (const SubjectNeuron& subject : subject_neurons(edits)) found.push_back(subject.neuron->down[0]);
  return found;
}

TEST(SubjectNeurons, OnlyTheNewestOfASubjectIsInForce) {
  const Edit a1 = fact("Ann", "tea", 1), b = fact("Bob", "tea", 2), a2 = fact(" Ann ", "rye", 3, {served("tea")});
  EXPECT_EQ(numbers({&a1}), (std::vector<float>{1}));
  EXPECT_EQ(numbers({&a1, &b}), (std::vector<float>{1, 2}));
  EXPECT_EQ(numbers({&a1, &b, &a2}), (std::vector<float>{2, 3}));
  const auto subjects = subject_neurons(std::vector<const Edit*>{&a1, &b, &a2});
  EXPECT_TRUE(subjects[0].exact && subjects[1].exact);
  EXPECT_EQ(subjects[1].facts, (std::vector<const Edit*>{&a1, &a2}));
}

TEST(SubjectNeurons, EveryLayerHasItsOwn) {
  const Edit a1 = fact("Ann", "tea", 1);
  Edit a2 = fact("Ann", "rye", 2);
  std::get<Neuron>(a2.update).layer = 4;
  EXPECT_EQ(numbers({&a1, &a2}), (std::vector<float>{1, 2}));
}

TEST(SubjectNeurons, AnOlderOneComesBackWhereItWasFoundForJustTheseFacts) {
  const Edit a1 = fact("Ann", "tea", 1), a2 = fact("Ann", "rye", 2, {served("tea")});
  Edit a3 = fact("Ann", "jam", 3, {served("tea"), served("rye")});
  EXPECT_EQ(numbers({&a1, &a2, &a3}), (std::vector<float>{3}));
  EXPECT_EQ(numbers({&a1, &a2}), (std::vector<float>{2}));
  EXPECT_EQ(numbers({&a1}), (std::vector<float>{1}));
  // Without the first fact nothing fits, until a neuron was found again.
  EXPECT_FALSE(subject_neurons(std::vector<const Edit*>{&a2, &a3})[0].exact);
  a3.found_again.push_back({Neuron{3, {4}, {4}, {4}}, {served("rye")}});
  EXPECT_EQ(numbers({&a2, &a3}), (std::vector<float>{4}));
  EXPECT_TRUE(subject_neurons(std::vector<const Edit*>{&a2, &a3})[0].exact);
  EXPECT_EQ(numbers({&a1, &a2, &a3}), (std::vector<float>{3}));
}

TEST(SubjectNeurons, ASearchBeginsWhereOnlyFactsThatStayWereServed) {
  const Edit a1 = fact("Ann", "tea", 1), a2 = fact("Ann", "rye", 2, {served("tea")});
  const Edit a3 = fact("Ann", "jam", 3, {served("tea"), served("rye")});
  const auto start = [](const std::vector<const Edit*>& edits) {
    const Neuron* neuron = subject_neurons(edits)[0].start;
    return neuron == nullptr ? 0.0f : neuron->down[0];
  };
  EXPECT_EQ(start({&a1, &a2, &a3}), 3);
  EXPECT_EQ(start({&a1, &a3}), 1);
  EXPECT_EQ(start({&a2, &a3}), 0);
  const Edit other = fact("Ann", "oil", 4, {served("tea"), served("rye"), served("ale")});
  EXPECT_EQ(start({&a1, &a2, &other}), 2);
}

TEST(SubjectNeurons, AnotherTargetIsAnotherFact) {
  const Edit a1 = fact("Ann", "tea", 1), a2 = fact("Ann", "rye", 2, {served("tea")});
  Edit changed = a1;
  changed.request.target_new = "ale";
  EXPECT_FALSE(subject_neurons(std::vector<const Edit*>{&changed, &a2})[0].exact);
}

TEST(SubjectNeurons, RankOneUpdatesAreAllInForce) {
  Edit r1 = fact("Ann", "tea", 1), r2 = fact("Ann", "rye", 2);
  r1.update = RankOneUpdate{3, {1}, {1}};
  r2.update = RankOneUpdate{3, {2}, {2}};
  const Edit a1 = fact("Ann", "jam", 3), a2 = fact("Ann", "oil", 4, {served("jam")});
  const auto updates = updates_in_force(std::vector<const Edit*>{&r1, &a1, &r2, &a2});
  ASSERT_EQ(updates.size(), 3u);
  EXPECT_EQ(updates[0], (UpdateInForce{&r1, nullptr}));
  EXPECT_EQ(updates[1], (UpdateInForce{&r2, nullptr}));
  EXPECT_EQ(updates[2], (UpdateInForce{&a2, &std::get<Neuron>(a2.update)}));
}

}  // namespace
}  // namespace mobiedit
