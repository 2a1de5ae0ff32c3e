// Plan: it says of an edit what the edit then does.
#include "mobiedit/edit/plan.h"

#include <gtest/gtest.h>

#include <numeric>

#include "mobiedit/edit/layer.h"
#include "mobiedit/search/methods.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

const EditRequest planned_request{"Ada Byron", "The favourite dish of {} is", "soup the", {}, {}};

TEST(EditOptions, MethodIsTheTablesFirst) {
  EXPECT_EQ(all_methods()[0].name, EditOptions().method);
}

class PlanTest : public testing::Test {
 protected:
  TemporaryFolder folder;
  Model model = test::open_tiny_model(folder.path() / "m.gguf", {.context = 256});

  [[nodiscard]] EditOptions options(const std::string& method) const {
    EditOptions edit;
    edit.method = method;
    edit.layer = 1;
    edit.threads = 1;
    edit.max_evaluations = 40;
    return edit;
  }
};

// An edit's own count of multiply-accumulates against the plan's for as many evaluations. The plan knows no steps that
// a search leaves out or repeats: within a fifth.
TEST_F(PlanTest, WorkIsThatOfTheEdit) {
  const EditOptions edit = options("subspace");
  auto editor = Editor::create(model, edit);
  ASSERT_TRUE(editor);
  const auto made = editor->edit(planned_request);
  ASSERT_TRUE(made) << made.error().message();
  const auto plan = plan_edit(model, {}, edit, planned_request, made->evidence.evaluations);
  ASSERT_TRUE(plan) << plan.error().message();
  EXPECT_EQ(plan->layer, editor->layer());
  EXPECT_EQ(plan->evaluations, made->evidence.evaluations);
  double work = 0;
  for (const PlannedPass& pass : plan->passes) {
    if (pass.phase == PlannedPass::Phase::measure) continue;
    const PlannedWork one = work_of(model.config(), pass, false);
    // Attention is in the plan but not among products with weights.
    const double attention = 2.0 * model.config().q_size() * pass.attended * static_cast<double>(pass.end - pass.first);
    work += pass.times * (one.integer + one.floating - attention);
  }
  const double counted = made->evidence.integer_work + made->evidence.float_work;
  EXPECT_NEAR(work, counted, 0.2 * counted);
}

TEST_F(PlanTest, MemoryCountsTheBackwardPassWhereAMethodHasOne) {
  const auto memory = [&](const std::string& method) {
    return edit_memory(model.file(), model.config(), {}, options(method));
  };
  EXPECT_EQ(memory("subspace").backward, 0u);
  EXPECT_GT(memory("backprop").backward, 0u);
  EXPECT_EQ(memory("backprop").total() - memory("subspace").total(), memory("backprop").backward);
  EditOptions metric = options("subspace");
  metric.fisher_metric = true;
  EXPECT_GT(edit_memory(model.file(), model.config(), {}, metric).backward, 0u);
}

// A neuron's layer is at half the depth, a rank-one update's at a fifth: the backward pass begins behind the one in
// use.
TEST_F(PlanTest, MemoryCountsFromTheLayerInUse) {
  const Model deep = test::open_tiny_model(folder.path() / "deep.gguf", {.blocks = 9});
  EditOptions neuron = options("backprop");
  neuron.write = WriteKind::neuron;
  neuron.layer.reset();
  const auto backward = [&](const EditOptions& edit) {
    return edit_memory(deep.file(), deep.config(), {}, edit).backward;
  };
  const auto by_usual_layer = backward(neuron);
  neuron.layer = neuron_layer(deep.config()).layer;
  EXPECT_EQ(by_usual_layer, backward(neuron));
  EditOptions rank_one = options("backprop");
  rank_one.layer.reset();
  EXPECT_GT(backward(rank_one), by_usual_layer);
}

TEST_F(PlanTest, RefusesWhatAnEditRefuses) {
  EditOptions edit = options("subspace");
  EXPECT_EQ(plan_edit(model, {}, edit, {"", "{} is", "x", {}, {}}, 10).error().code, ErrorCode::usage);
  edit.layer = model.config().layers - 1;
  EXPECT_EQ(plan_edit(model, {}, edit, planned_request, 10).error().code, ErrorCode::usage);
}

}  // namespace
}  // namespace mobiedit
