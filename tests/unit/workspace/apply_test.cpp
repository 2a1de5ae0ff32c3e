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
  const auto store_path = folder / "edits.db";
  Workspace source = test::workspace_on(engine, test::make_model(folder, "one.gguf", 1), store_path);
  Workspace target = test::workspace_on(engine, test::make_model(folder, "two.gguf", 2), store_path);

  const auto taught = source.teach(std::vector{request("the cat", "{} is", "w")}, quick());
  ASSERT_TRUE(taught) << taught.error().message();
  ASSERT_EQ(taught->kept(), 1u) << taught->outcomes[0].why_not;
  // An edit that changes nothing, to what the other model says already.
  Edit known = taught->outcomes[0].edit;
  const std::string said = answer(target, "a dog is", false);
  ASSERT_GT(said.size(), 1u);
  ASSERT_EQ(said[0], ' ');
  known.request = request("a dog", "{} is", said.substr(1));
  for (float& x : known.update.left) x *= 1e-6f;
  {
    auto store = Store::open(store_path, Store::Access::write);
    ASSERT_TRUE(store && store->add({&known, 1}));
  }

  const auto report = target.apply(source.model().fingerprint().substr(0, 8));
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->source, source.model().fingerprint());
  ASSERT_EQ(report->edits.size(), 2u);
  EXPECT_EQ(report->applied, (std::vector<bool>{false, true})) << "an edit of one random model should not fit another";
  EXPECT_EQ(report->new_ids, (std::vector<std::int64_t>{3}));
  const auto edits = target.in_force();
  ASSERT_TRUE(edits);
  ASSERT_EQ(edits->size(), 1u);
  EXPECT_EQ(edits->front().request.subject, "a dog");
  EXPECT_EQ(edits->front().origin.base.fingerprint, target.model().fingerprint());
  EXPECT_EQ(source.in_force()->size(), 2u);
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
