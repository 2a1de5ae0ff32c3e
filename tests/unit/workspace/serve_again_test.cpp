// One subject, one neuron, in a workspace: which one is in force, and undo of facts that share one.
#include "workspace/serve_again.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "mobiedit/workspace/workspace.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

using Ids = std::vector<std::int64_t>;

Neuron some_neuron(std::uint64_t seed) {
  Neuron neuron{1, std::vector<float>(64), std::vector<float>(64), std::vector<float>(64)};
  Random random(seed);
  for (auto* row : {&neuron.gate, &neuron.up, &neuron.down}) random.fill_normal(*row);
  return neuron;
}

ServedFact served(const std::string& target) {
  return {"{} likes " + target + " and", target};
}

class ServeAgainTest : public testing::Test {
 protected:
  ServeAgainTest() {
    test::write_tiny_model(folder_.path() / "m.gguf", {});
    auto opened = engine_.open(folder_.path() / "m.gguf");
    if (!opened) throw std::runtime_error(opened.error().message());
    model_ = *opened;
    const std::vector<Edit> edits{fact("Ann", "tea", 1), fact("Bob", "tea", 2), fact("Ann", "rye", 3, {served("tea")}),
                                  fact("Ann", "jam", 4, {served("tea"), served("rye")})};
    auto kept = store();
    if (!kept.add(edits)) throw std::runtime_error("no edits");
  }
  [[nodiscard]] Store store() const {
    auto opened = Store::open(folder_.path() / "edits.db", Store::Access::write);
    if (!opened) throw std::runtime_error(opened.error().message());
    return std::move(*opened);
  }
  [[nodiscard]] Edit fact(const std::string& subject, const std::string& target, std::uint64_t seed,
                          std::vector<ServedFact> with = {}) const {
    Edit edit;
    edit.request = {subject, served(target).prompt, target, {}, {}};
    edit.origin.base = {model_->fingerprint(), model_->config().architecture, "tiny"};
    edit.origin.method = "subspace";
    edit.update = some_neuron(seed);
    edit.found_with = std::move(with);
    return edit;
  }
  [[nodiscard]] std::vector<Neuron> in_force() const {
    const auto edits = store().in_force(model_->fingerprint());
    return changes_of(list_of(*edits))->neurons;
  }
  [[nodiscard]] Result<StoreChange> change(const Ids& ids, EditChange change, const FindAgain& find) const {
    auto opened = store();
    return change_and_serve(opened, model_->fingerprint(), ids, change, find);
  }
  static Result<SharedNeuron> never(const std::vector<Edit>&, const EditList&) {
    ADD_FAILURE() << "nothing had to be found";
    return fail(ErrorCode::other, "unexpected");
  }
  [[nodiscard]] std::vector<float> logits(Session& session) const {
    const std::vector<Token> tokens{5, 6, 7};
    EXPECT_TRUE(session.append(tokens));
    return {session.logits().begin(), session.logits().end()};
  }

  TemporaryFolder folder_;
  Engine engine_{1};
  std::shared_ptr<const Model> model_;
};

TEST_F(ServeAgainTest, ASubjectsNewestNeuronAloneIsInForce) {
  EXPECT_EQ(in_force(), (std::vector<Neuron>{some_neuron(2), some_neuron(4)}));
}

TEST_F(ServeAgainTest, UndoOfTheNewestBringsTheEarlierOneBack) {
  ASSERT_TRUE(change({4}, EditChange::undo, never));
  EXPECT_EQ(in_force(), (std::vector<Neuron>{some_neuron(2), some_neuron(3)}));
  ASSERT_TRUE(change({3}, EditChange::undo, never));
  EXPECT_EQ(in_force(), (std::vector<Neuron>{some_neuron(1), some_neuron(2)}));
}

TEST_F(ServeAgainTest, AnOlderFactCanGoAndComeBackExactly) {
  const auto before = in_force();
  int searches = 0;
  const FindAgain find = [&](const std::vector<Edit>& facts, const EditList& beside) -> Result<SharedNeuron> {
    ++searches;
    EXPECT_EQ(facts.size(), 2u);
    EXPECT_EQ(facts.front().id, 3);
    EXPECT_EQ(facts.back().id, 4);
    EXPECT_EQ(beside.size(), 1u);
    EXPECT_EQ(beside.front()->id, 2);
    return SharedNeuron{some_neuron(9), {served("rye")}};
  };
  ASSERT_TRUE(change({1}, EditChange::disable, find));
  EXPECT_EQ(in_force(), (std::vector<Neuron>{some_neuron(2), some_neuron(9)}));
  ASSERT_TRUE(change({1}, EditChange::enable, never));
  EXPECT_EQ(in_force(), before);
  ASSERT_TRUE(change({1}, EditChange::undo, never));
  EXPECT_EQ(in_force(), (std::vector<Neuron>{some_neuron(2), some_neuron(9)}));
  EXPECT_EQ(searches, 1);
}

TEST_F(ServeAgainTest, WhereNothingIsFoundNothingChanges) {
  const auto before = in_force();
  const FindAgain find = [](const std::vector<Edit>&, const EditList&) -> Result<SharedNeuron> {
    return fail(ErrorCode::verification, "not found");
  };
  const auto refused = change({1}, EditChange::undo, find);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what, "not found");
  EXPECT_EQ(in_force(), before);
}

TEST_F(ServeAgainTest, AReplacedFactIsNotServedAndItsUndoIsExact) {
  Edit again = fact("Ann", "tea", 5, {served("rye"), served("jam")});
  again.request.target_new = "ale";
  ASSERT_TRUE(store().add({&again, 1}));
  EXPECT_EQ(in_force(), (std::vector<Neuron>{some_neuron(2), some_neuron(5)}));
  ASSERT_TRUE(change({5}, EditChange::undo, never));
  EXPECT_EQ(in_force(), (std::vector<Neuron>{some_neuron(2), some_neuron(4)}));
}

TEST_F(ServeAgainTest, WithNothingInForceTheLogitsAreTheModelsOwn) {
  WorkspaceOptions options;
  options.store = folder_.path() / "edits.db";
  Workspace space(engine_, model_, options);
  auto base = space.session(false);
  ASSERT_TRUE(base);
  const auto own = logits(*base);
  auto edited = space.session();
  ASSERT_TRUE(edited) << edited.error().message();
  EXPECT_NE(logits(*edited), own);
  ASSERT_TRUE(space.set_enabled(Ids{1, 2, 3, 4}, false));
  auto disabled = space.session();
  EXPECT_EQ(logits(*disabled), own);
  ASSERT_TRUE(space.set_enabled(Ids{2}, true));
  ASSERT_TRUE(space.undo(Ids{4, 1, 3, 2}));
  auto undone = space.session();
  EXPECT_EQ(logits(*undone), own);
}

}  // namespace
}  // namespace mobiedit
