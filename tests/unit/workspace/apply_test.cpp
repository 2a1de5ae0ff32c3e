// Applying the edits of another model: those that answer are kept, the others are named.
#include <gtest/gtest.h>

#include "unit/workspace/tiny_workspace.h"

namespace mobiedit {
namespace {

using test::answer;
using test::quick;
using test::request;

TEST(Apply, KeepsTheEditsThatAnswerHereAndNamesTheOthers) {
  const TemporaryFolder folder;
  const Engine engine(2);
  Workspace source = test::workspace_on(engine, test::make_model(folder, "one.gguf", 1), folder / "edits.db");
  const auto target_path = test::make_model(folder, "two.gguf", 2);
  Workspace target = test::workspace_on(engine, target_path, folder / "edits.db");

  // One edit that the target learnt itself, and one that does nothing, both under the source's name.
  Workspace teacher = test::workspace_on(engine, target_path);
  const auto taught = teacher.teach(std::vector{request("a dog", "{} is", "x")}, quick());
  ASSERT_TRUE(taught) << taught.error().message();
  ASSERT_EQ(taught->kept(), 1u) << taught->outcomes[0].why_not;
  std::vector<Edit> edits(2, taught->outcomes[0].edit);
  for (Edit& edit : edits) edit.origin.base.fingerprint = source.model().fingerprint();
  edits[0].request = request("the cat", "{} is", "q");
  for (float& x : std::get<RankOneUpdate>(edits[0].update).left) x *= 1e-6f;
  {
    auto store = Store::open(folder / "edits.db", Store::Access::write);
    ASSERT_TRUE(store && store->add(edits));
  }

  const auto report = target.apply(source.model().fingerprint().substr(0, 8));
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->source, source.model().fingerprint());
  ASSERT_EQ(report->edits.size(), 2u);
  EXPECT_EQ(report->applied, (std::vector<bool>{false, true}));
  EXPECT_EQ(report->new_ids, (std::vector<std::int64_t>{3}));
  const auto in_force = target.in_force();
  ASSERT_TRUE(in_force);
  ASSERT_EQ(in_force->size(), 1u);
  EXPECT_EQ(in_force->front().request.subject, "a dog");
  EXPECT_EQ(in_force->front().origin.base.fingerprint, target.model().fingerprint());
  EXPECT_EQ(source.in_force()->size(), 2u);
  EXPECT_EQ(answer(target, "a dog is"), " x");
}

TEST(Apply, NeedsOneOtherModel) {
  const TemporaryFolder folder;
  const Engine engine(2);
  Workspace alone = test::workspace_on(engine, test::make_model(folder, "one.gguf"), folder / "edits.db");
  EXPECT_EQ(alone.apply("").error().code, ErrorCode::usage);
  EXPECT_EQ(test::workspace_on(engine, folder / "one.gguf").apply("").error().code, ErrorCode::usage);
}

}  // namespace
}  // namespace mobiedit
