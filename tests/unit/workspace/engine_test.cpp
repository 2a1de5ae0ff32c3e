// One engine for many: models are opened once, and threads ask and teach at the same time.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "unit/workspace/tiny_workspace.h"

namespace mobiedit {
namespace {

using test::answer;
using test::quick;
using test::request;

TEST(Engine, OpensAModelOnceByWhateverPath) {
  const TemporaryFolder folder;
  const auto path = test::make_model(folder, "tiny.gguf");
  std::filesystem::create_symlink(path, folder / "link.gguf");
  const Engine engine(2);
  const auto first = test::open_in(engine, path);
  EXPECT_EQ(first, test::open_in(engine, path));
  EXPECT_EQ(first, test::open_in(engine, folder / "link.gguf"));
  EXPECT_NE(first, *engine.open(path, Precision::float32));
  const Engine copy = engine;
  EXPECT_EQ(first, test::open_in(copy, path));
  EXPECT_NE(first, test::open_in(Engine(1), path));
}

TEST(Engine, AFileThatChangedIsAnotherModel) {
  const TemporaryFolder folder;
  const auto path = test::make_model(folder, "tiny.gguf", 1);
  const Engine engine(1);
  const auto first = test::open_in(engine, path);
  std::filesystem::remove(path);
  test::make_model(folder, "tiny.gguf", 2);
  const auto second = test::open_in(engine, path);
  EXPECT_NE(first->fingerprint(), second->fingerprint());
}

TEST(Engine, ClosesAModelThatNobodyHolds) {
  const TemporaryFolder folder;
  const auto path = test::make_model(folder, "tiny.gguf");
  const Engine engine(1);
  std::weak_ptr<const Model> model = test::open_in(engine, path);
  EXPECT_TRUE(model.expired());
  EXPECT_TRUE(engine.open(path));
}

TEST(Engine, SaysWhyAFileIsNoModel) {
  const TemporaryFolder folder;
  const Engine engine(1);
  EXPECT_EQ(engine.open(folder / "none.gguf").error().code, ErrorCode::io);
  EXPECT_EQ(engine.open(folder.write("text.gguf", "no model at all")).error().code, ErrorCode::bad_model);
}

TEST(Engine, ManyThatOpenAFileAtOnceGetOneModel) {
  const TemporaryFolder folder;
  const auto path = test::make_model(folder, "tiny.gguf");
  const Engine engine(2);
  std::vector<std::shared_ptr<const Model>> models(8);
  std::vector<std::thread> threads;
  for (auto& model : models) threads.emplace_back([&] { model = test::open_in(engine, path); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& model : models) EXPECT_EQ(model, models[0]);
}

TEST(Engine, TwoWorkspacesShareTheModelAndNoEdits) {
  const TemporaryFolder folder;
  const auto path = test::make_model(folder, "tiny.gguf");
  const Engine engine(2);
  Workspace one = test::workspace_on(engine, path, folder / "one.db");
  const Workspace two = test::workspace_on(engine, path, folder / "two.db");
  EXPECT_EQ(&one.model(), &two.model());
  const auto report = one.teach(std::vector{request("the cat", "{} is", "w")}, quick());
  ASSERT_TRUE(report) << report.error().message();
  ASSERT_EQ(report->kept(), 1u) << report->outcomes[0].why_not;
  EXPECT_EQ(answer(one, "the cat is"), " w");
  EXPECT_EQ(answer(two, "the cat is"), answer(one, "the cat is", false));
}

// Answers do not depend on who else is at work. Run under ThreadSanitizer this finds races of pool, model and engine.
TEST(Engine, EightThreadsAskAndTeachAtOnce) {
  const TemporaryFolder folder;
  const auto path = test::make_model(folder, "tiny.gguf");
  const Engine engine(3);
  Workspace one = test::workspace_on(engine, path, folder / "one.db");
  Workspace two = test::workspace_on(engine, path, folder / "two.db");
  const std::vector<std::string> subjects{"the cat", "a dog", "my hat", "her tea"};
  std::vector<std::string> alone;
  for (const std::string& subject : subjects) alone.push_back(answer(one, subject + " is", false));

  std::atomic<int> wrong = 0, kept = 0;
  std::vector<std::thread> threads;
  for (int id = 0; id < 4; ++id) {
    threads.emplace_back([&, id] {  // asks without edits, and with whatever is in force just then
      const auto at = static_cast<std::size_t>(id);
      for (int i = 0; i < 12; ++i) {
        if (answer(id % 2 == 0 ? one : two, subjects[at] + " is", false) != alone[at]) ++wrong;
        (void)answer(id % 2 == 0 ? one : two, subjects[at] + " is");
      }
    });
    threads.emplace_back([&, id] {  // teaches: two threads share a workspace, and take turns
      TeachOptions options = quick();
      options.search.max_evaluations = 600;
      const auto report =
          (id % 2 == 0 ? one : two)
              .teach(std::vector{request(subjects[static_cast<std::size_t>(id)], "{} is", "w")}, std::move(options));
      if (!report) ++wrong;
      if (report) kept += static_cast<int>(report->kept());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(kept, static_cast<int>(one.in_force()->size() + two.in_force()->size()));
  EXPECT_GT(kept, 0);
}

}  // namespace
}  // namespace mobiedit
