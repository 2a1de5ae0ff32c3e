// Many edits in one update: the algebra against what it is said to minimise.
#include "edit/write/mass_edit.h"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>

#include "backend/cpu/cpu_forward.h"
#include "edit/write/null_space.h"
#include "edit/write/subject_keys.h"
#include "mobiedit/edit/editor.h"
#include "unit/edit/random_matrix.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

// Against MEMIT's formula solved outright, (λC + K Kᵀ)⁻¹ K; float32 in and out, so 1e-4 of the largest entry.
TEST(MassEdit, DirectionsAreMemits) {
  constexpr int f = 12, n = 6;
  constexpr double lambda = 0.7;
  const Eigen::MatrixXf k = random_matrix(f, n, 1), root = random_matrix(f, 3 * f, 2);
  const Eigen::MatrixXd c = (root * root.transpose() / (3 * f)).cast<double>();
  const Eigen::MatrixXf solved = c.llt().solve(k.cast<double>()).cast<float>();
  const std::vector<int> owner{0, 0, 1, 1, 2, 2};
  const auto directions = joint_directions(span_of(k), span_of(solved), owner, 3, lambda);

  const Eigen::MatrixXd kd = k.cast<double>();
  const Eigen::MatrixXd whole = (lambda * c + kd * kd.transpose()).ldlt().solve(kd);
  for (int e = 0; e < 3; ++e) {
    const Eigen::VectorXd expected = whole.col(2 * e) + whole.col(2 * e + 1);
    const Eigen::Map<const Eigen::VectorXf> ours(directions.data() + e * f, f);
    EXPECT_LT((ours.cast<double>() - expected).cwiseAbs().maxCoeff(), 1e-4 * whole.cwiseAbs().maxCoeff());
  }
}

// With hardly any ridge every edit's keys give one of its own direction and none of the others'.
TEST(MassEdit, EditsKeepOutOfEachOthersWay) {
  constexpr int f = 40, n = 10;
  const Eigen::MatrixXf k = random_matrix(f, n, 3);
  std::vector<int> owner;
  for (int i = 0; i < n; ++i) owner.push_back(i / 2);
  const auto directions = joint_directions(span_of(k), span_of(k), owner, n / 2, 1e-6);
  for (int i = 0; i < n; ++i)
    for (int e = 0; e < n / 2; ++e) {
      const Eigen::Map<const Eigen::VectorXf> u(directions.data() + e * f, f);
      EXPECT_NEAR(u.dot(k.col(i)), e == i / 2 ? 1 : 0, 1e-4);
    }
}

const EditRequest dish{"Ada Byron", "The favourite dish of {} is", "soup", {}, {}};
const EditRequest town{"Big Ben", "{} is located in", "the", {}, {}};

// Written over three blocks: each writes its share of what is missing, so that what leaves the last one moves by the
// values that were found, whatever happens in between. float32, and a ridge that counts for nothing.
TEST(MassEdit, BlocksShareTheValue) {
  const TemporaryFolder folder;
  const Model model = test::open_tiny_model(folder.path() / "m.gguf", {});
  constexpr int layer = 2, blocks = 3;
  const std::vector<std::string> prefixes{"It was. ", "So they say: "};
  auto editor = Editor::create(model, {.method = "zo",
                                       .layer = layer,
                                       .clamp = 1,
                                       .max_evaluations = 40,
                                       .threads = 2,
                                       .prefixes = prefixes,
                                       .layers = blocks});
  ASSERT_TRUE(editor);
  std::vector<Edit> edits;
  for (const EditRequest& request : {dish, town}) edits.push_back(std::move(*editor->edit(request)));
  const auto updates = editor->mass_edit(edits, {.memit_ridge = 1e-6, .layers = blocks});
  ASSERT_TRUE(updates);
  ASSERT_EQ(updates->size(), blocks * edits.size());
  std::vector<LowRankDelta> deltas;
  for (std::size_t i = 0; i < updates->size(); ++i) {
    EXPECT_EQ((*updates)[i].block, static_cast<int>(i / edits.size()));
    deltas.push_back(to_low_rank((*updates)[i]));
  }

  ThreadPool pool(2);
  CpuForward forward(model, pool);
  const auto active = ActiveDeltas::resolve(model.config(), deltas);
  ASSERT_TRUE(active);
  const auto vector = [](const std::vector<float>& x) {
    return Eigen::Map<const Eigen::VectorXf>(x.data(), static_cast<Eigen::Index>(x.size()));
  };
  for (std::size_t e = 0; e < edits.size(); ++e) {
    const auto contexts = build_contexts(model, edits[e].request, prefixes);
    ASSERT_TRUE(contexts);
    const SubjectState before = subject_state(forward, {}, *contexts, layer, layer);
    const SubjectState after = subject_state(forward, {.deltas = &*active}, *contexts, layer, layer);
    const auto wanted = vector(std::get<RankOneUpdate>(edits[e].update).left);
    ASSERT_GT(wanted.norm(), 0);
    EXPECT_LT((vector(after.residual) - vector(before.residual) - wanted).norm(), 1e-3 * wanted.norm());
    EXPECT_NEAR(vector((*updates)[e].left).norm(), wanted.norm() / blocks, 1e-4 * wanted.norm());
  }
  // The editor is as it was: the same search gives the same edit.
  const auto again = editor->edit(dish);
  ASSERT_TRUE(again);
  EXPECT_EQ(std::get<RankOneUpdate>(again->update).left, std::get<RankOneUpdate>(edits.front().update).left);
}

TEST(MassEdit, NoMoreBlocksThanTheEditorWasMadeFor) {
  const TemporaryFolder folder;
  const Model model = test::open_tiny_model(folder.path() / "m.gguf", {});
  EXPECT_EQ(Editor::create(model, {.layer = 1, .clamp = 1, .layers = 3}).error().code, ErrorCode::usage);
  EXPECT_EQ(Editor::create(model, {.layer = 1, .clamp = 1, .layers = 0}).error().code, ErrorCode::usage);
  auto editor = Editor::create(
      model,
      {.method = "zo", .layer = 1, .clamp = 1, .max_evaluations = 1, .prefixes = std::vector<std::string>{"It was. "}});
  ASSERT_TRUE(editor);
  const auto edit = editor->edit(dish);
  ASSERT_TRUE(edit);
  EXPECT_EQ(editor->mass_edit({&*edit, 1}, {.layers = 2}).error().code, ErrorCode::usage);
}

// Keys of a preserved edit come from the contexts that it was found on: the general wordings too where it was taught
// them, so the next edit's direction depends on that.
TEST(Preserve, TakesTheContextsThatTheEditWasFoundOn) {
  const TemporaryFolder folder;
  const Model model = test::open_tiny_model(folder.path() / "m.gguf", {.context = 256});
  // Its last token differs from dish's, or the keys would count as one subject's.
  const EditRequest other{"Oslo 7", "{} is located in", "the", {}, {}};
  const auto next_direction = [&](int general_wordings_of_the_first) {
    auto editor = Editor::create(model, {.method = "zo",
                                         .layer = 1,
                                         .clamp = 1,
                                         .max_evaluations = 3,
                                         .threads = 1,
                                         .prefixes = std::vector<std::string>{"It was. "}});
    EXPECT_TRUE(editor);
    std::string text;
    Random random(6);
    for (int i = 0; i < 3000; ++i) text += static_cast<char>(' ' + random.below(90));
    EXPECT_TRUE(editor->set_statistics(text));
    const auto first = editor->edit(dish);
    EXPECT_TRUE(first);
    const auto preserved = editor->preserve(dish, first->update, general_wordings_of_the_first);
    EXPECT_TRUE(preserved) << preserved.error().message();
    const auto second = editor->edit(other);
    EXPECT_TRUE(second);
    return std::get<RankOneUpdate>(second->update).right;
  };
  const auto plain = next_direction(0), general = next_direction(5);
  EXPECT_EQ(next_direction(0), plain);
  EXPECT_NE(plain, general);
}

}  // namespace
}  // namespace mobiedit
