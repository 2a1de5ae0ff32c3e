// Neurons in force under an editor: edits, evidence and statistics see them, and nothing is left once they go.
#include <gtest/gtest.h>

#include "base/random.h"
#include "edit/statistics/cache.h"
#include "mobiedit/edit/editor.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

const EditRequest place{"Oslo 7", "{} is located in", "the", {}, {}};

/// Fires on nearly every token, so that every answer moves.
Neuron strong_neuron(int layer) {
  Neuron neuron{layer, std::vector<float>(64), std::vector<float>(64), std::vector<float>(64)};
  Random random(3);
  for (auto* row : {&neuron.gate, &neuron.up, &neuron.down}) random.fill_normal(*row);
  return neuron;
}

RankOneUpdate some_update(int layer) {
  RankOneUpdate update{layer, std::vector<float>(64), std::vector<float>(96)};
  Random random(4);
  random.fill_normal(update.left);
  random.fill_normal(update.right);
  return update;
}

EditOptions quick() {
  return {.method = "zo",
          .layer = 1,
          .clamp = 1,
          .max_evaluations = 2,
          .threads = 1,
          .prefixes = std::vector<std::string>{"It was. "}};
}

double probability_before(Editor& editor) {
  const auto edit = editor.edit(place);
  EXPECT_TRUE(edit) << edit.error().message();
  return edit ? edit->evidence.target_probability_before : -1;
}

TEST(NeuronsInForce, AnEditIsMeasuredWithThem) {
  const TemporaryFolder folder;
  const Model model = test::open_tiny_model(folder.path() / "m.gguf", {});
  auto editor = Editor::create(model, quick());
  ASSERT_TRUE(editor);
  const double none = probability_before(*editor);
  const Update neuron = strong_neuron(2);
  ASSERT_TRUE(editor->preserve(place, neuron, 0));
  const double preserved = probability_before(*editor);
  EXPECT_NE(preserved, none);
  ASSERT_TRUE(editor->set_in_force(changes_of(neuron)));
  EXPECT_EQ(probability_before(*editor), preserved);
  ASSERT_TRUE(editor->set_in_force({}));
  EXPECT_EQ(probability_before(*editor), none);
}

TEST(NeuronsInForce, TheSearchRunsWithThem) {
  const TemporaryFolder folder;
  const Model model = test::open_tiny_model(folder.path() / "m.gguf", {});
  auto editor = Editor::create(model, quick());
  ASSERT_TRUE(editor);
  const auto loss = [&] { return editor->edit(place)->evidence.loss; };
  const double none = loss();
  ASSERT_TRUE(editor->set_in_force(changes_of(strong_neuron(2))));
  EXPECT_NE(loss(), none);
}

TEST(NeuronsInForce, ThoseOfAnotherModelAreRefusedAndNothingChanges) {
  const TemporaryFolder folder;
  const Model model = test::open_tiny_model(folder.path() / "m.gguf", {});
  auto editor = Editor::create(model, quick());
  ASSERT_TRUE(editor);
  const double none = probability_before(*editor);
  Neuron other = strong_neuron(9);
  EXPECT_EQ(editor->preserve(place, other, 0).error().code, ErrorCode::usage);
  EXPECT_EQ(editor->set_in_force({{to_low_rank(some_update(1))}, {other}}).error().code, ErrorCode::usage);
  EXPECT_EQ(probability_before(*editor), none);
}

TEST(NeuronsInForce, AMassEditRefusesThem) {
  const TemporaryFolder folder;
  const Model model = test::open_tiny_model(folder.path() / "m.gguf", {});
  auto editor = Editor::create(model, quick());
  ASSERT_TRUE(editor);
  const Edit edit{place, strong_neuron(1), {}};
  const auto written = editor->mass_edit({&edit, 1});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::usage);
  EXPECT_NE(written.error().message().find("is a neuron"), std::string::npos);
}

TEST(NeuronsInForce, StatisticsAreCachedApart) {
  const Changes none, adapter = changes_of(some_update(1)), neuron = changes_of(strong_neuron(1));
  Changes other = neuron;
  other.neurons[0].up[5] += 1.0f;
  EXPECT_EQ(edits_fingerprint(none), "");
  EXPECT_NE(edits_fingerprint(neuron), "");
  EXPECT_NE(edits_fingerprint(neuron), edits_fingerprint(adapter));
  EXPECT_NE(edits_fingerprint(neuron), edits_fingerprint(other));
}

TEST(NeuronsInForce, ASessionsChangesAreReplacedOrNone) {
  const TemporaryFolder folder;
  const Model model = test::open_tiny_model(folder.path() / "m.gguf", {});
  auto session = Session::create(model);
  ASSERT_TRUE(session);
  const auto logits = [&] {
    session->clear();
    const std::vector<Token> tokens{5, 6, 7};
    EXPECT_TRUE(session->append(tokens));
    return std::vector<float>(session->logits().begin(), session->logits().end());
  };
  const auto base = logits();
  ASSERT_TRUE(session->set_in_force({{to_low_rank(some_update(1))}, {strong_neuron(1)}}));
  const auto both = logits();
  ASSERT_TRUE(session->set_in_force(changes_of(some_update(1))));
  const auto adapter = logits();
  ASSERT_TRUE(session->set_in_force(changes_of(strong_neuron(1))));
  const auto neuron = logits();
  EXPECT_NE(both, base);
  EXPECT_NE(both, adapter);
  EXPECT_NE(both, neuron);
  for (const int layers : {1, 9}) {
    EXPECT_FALSE(session->set_in_force({{to_low_rank(some_update(9))}, {strong_neuron(layers)}}));
    EXPECT_FALSE(session->set_in_force({{to_low_rank(some_update(layers))}, {strong_neuron(9)}}));
  }
  EXPECT_EQ(logits(), neuron);
  ASSERT_TRUE(session->set_in_force({}));
  EXPECT_EQ(logits(), base);
}

}  // namespace
}  // namespace mobiedit
