// Teaching on tiny models: what is kept, what is refused, and in which order it is written.
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

#include "io/file_system.h"
#include "store/record.h"
#include "unit/bundled_model.h"
#include "unit/workspace/tiny_workspace.h"
#include "workspace/damage_check.h"

namespace mobiedit {
namespace {

using test::answer;
using test::quick;
using test::request;

class TeachTest : public testing::Test {
 protected:
  [[nodiscard]] Workspace workspace(const std::string& store = "edits.db") const {
    return test::workspace_on(engine_, model_, store.empty() ? std::filesystem::path() : folder_ / store);
  }
  [[nodiscard]] std::size_t edits_in_store() const {
    if (!std::filesystem::exists(folder_ / "edits.db")) return 0;
    const auto store = Store::open(folder_ / "edits.db", Store::Access::read);
    return store ? store->list()->size() : 999;
  }
  [[nodiscard]] TeachOptions with_adapter(const std::filesystem::path& path, const io::FileSystem& system) const {
    TeachOptions options = quick();
    auto file = OutputFile::reserve(path, 1 << 16, {}, nullptr, system);
    if (!file) throw std::runtime_error(file.error().message());
    options.adapter.emplace(std::move(*file));
    return options;
  }

  TemporaryFolder folder_;
  std::filesystem::path model_ = test::make_model(folder_, "tiny.gguf");
  Engine engine_{2};
  std::vector<EditRequest> one_{request("the cat", "{} is", "w")};
};

TEST_F(TeachTest, AKeptEditAnswersAndHasItsOrigin) {
  Workspace space = workspace();
  ASSERT_NE(answer(space, "the cat is"), " w");
  TeachOptions options = quick();
  options.search.seed = 7;
  const auto report = space.teach(one_, std::move(options));
  ASSERT_TRUE(report) << report.error().message();
  ASSERT_EQ(report->kept(), 1u) << report->outcomes[0].why_not;
  EXPECT_EQ(answer(space, "the cat is"), " w");
  EXPECT_NE(answer(space, "the cat is", false), " w");

  const auto kept = Store::open(folder_ / "edits.db", Store::Access::read)->get(1);
  ASSERT_TRUE(kept) << kept.error().message();
  Edit expected = report->outcomes[0].edit;
  make_utf8(expected);  // a random model's answers are any bytes
  EXPECT_EQ(*kept, expected);
  const EditOrigin& origin = kept->origin;
  EXPECT_EQ(origin.base.fingerprint, space.model().fingerprint());
  EXPECT_EQ(origin.method, "subspace");
  EXPECT_EQ(origin.seed, 7u);
  EXPECT_EQ(origin.max_evaluations, 1500);
  EXPECT_EQ(origin.clamp, 40);
  EXPECT_EQ(origin.layer_choice, "asked");
  EXPECT_GT(origin.made_at, 1'700'000'000);
  EXPECT_GT(kept->evidence.integer_work + kept->evidence.float_work, 0);
  EXPECT_GT(kept->evidence.tokens, 0);
  EXPECT_GT(kept->evidence.perplexity_after, 0);
  const auto checked = space.check();
  ASSERT_TRUE(checked);
  ASSERT_EQ(checked->size(), 1u);
  EXPECT_TRUE(checked->front().answers);
}

// The origin has all that is needed: an edit made again from it is the same to the last bit.
TEST_F(TeachTest, AnEditCanBeMadeAgainFromItsOrigin) {
  Workspace space = workspace();
  TeachOptions options = quick();
  options.search.seed = 3;
  options.search.settings = {{"probe_length", 0.2}};
  const auto report = space.teach(one_, std::move(options));
  ASSERT_TRUE(report) << report.error().message();
  const Edit& first = report->outcomes[0].edit;
  TeachOptions again = quick();
  again.search.method = first.origin.method;
  again.search.seed = first.origin.seed;
  again.search.clamp = first.origin.clamp;
  again.search.max_evaluations = first.origin.max_evaluations;
  again.search.settings = first.origin.settings;
  again.search.layer = first.evidence.layer;
  Workspace other = workspace("other.db");
  const auto second = other.teach({&first.request, 1}, std::move(again));
  ASSERT_TRUE(second) << second.error().message();
  EXPECT_EQ(second->outcomes[0].edit.update, first.update);
}

TEST_F(TeachTest, ALaterEditOfAFactTakesTheEarlierOnesPlace) {
  Workspace space = workspace();
  ASSERT_EQ(space.teach(one_, quick())->kept(), 1u);
  const std::vector<EditRequest> again{request(" the cat", "{}  is", "u")};
  const auto report = space.teach(again, quick());
  ASSERT_TRUE(report) << report.error().message();
  ASSERT_EQ(report->kept(), 1u) << report->outcomes[0].why_not;
  EXPECT_EQ(report->outcomes[0].replaces, (std::vector<std::int64_t>{1}));
  EXPECT_EQ(space.in_force()->size(), 1u);
  const auto undone = space.undo(std::vector<std::int64_t>{2});
  ASSERT_TRUE(undone) << undone.error().message();
  ASSERT_EQ(undone->others.size(), 1u);
  EXPECT_EQ(undone->others[0].id, 1);
  EXPECT_EQ(answer(space, "the cat is"), " w");
  ASSERT_TRUE(space.set_enabled(std::vector<std::int64_t>{1}, false));
  EXPECT_TRUE(space.in_force()->empty());
}

// "the cat is" has one answer: an edit that reads it as another fact takes the earlier edit's answer away. The earlier
// edit is in another layer, so nothing preserves its keys.
TEST_F(TeachTest, AnEditThatTakesAnEarlierOnesAnswerIsFoundAndRefused) {
  Workspace space = workspace();
  TeachOptions earlier = quick();
  earlier.search.layer = 2;
  ASSERT_EQ(space.teach(one_, std::move(earlier))->kept(), 1u);
  const std::vector<EditRequest> job{request("cat", "the {} is", "u")};
  // Not every search reaches the target; the first one that does is refused.
  std::optional<TeachReport> report;
  for (std::uint64_t seed = 0; seed < 30 && (!report || !report->outcomes[0].edit.evidence.success); ++seed) {
    TeachOptions options = quick();
    options.search.max_evaluations = 4000;
    options.search.seed = seed;
    auto taught = space.teach(job, std::move(options));
    ASSERT_TRUE(taught) << taught.error().message();
    report = std::move(*taught);
  }
  const Outcome& outcome = report->outcomes[0];
  ASSERT_TRUE(outcome.edit.evidence.success);
  EXPECT_EQ(outcome.refusal, Refusal::breaks_earlier) << outcome.why_not;
  EXPECT_EQ(outcome.why_not, "it would break edit 1 (the cat)");
  EXPECT_EQ(answer(space, "the cat is"), " w");
  EXPECT_EQ(edits_in_store(), 1u);
}

TEST_F(TeachTest, AnEditThatChangesTheWeightTooMuchIsRefused) {
  Workspace space = workspace();
  TeachOptions options = quick();
  options.limits.norm = 1e-6;
  const auto report = space.teach(one_, std::move(options));
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->kept(), 0u);
  EXPECT_EQ(report->outcomes[0].refusal, Refusal::norm);
  EXPECT_TRUE(std::get<RankOneUpdate>(report->outcomes[0].edit.update).left.empty());
  EXPECT_EQ(edits_in_store(), 0u);
}

TEST_F(TeachTest, AnEditThatChangesOtherTextTooMuchIsRefused) {
  Workspace space = workspace();
  TeachOptions options = quick();
  options.dry_run = true;
  const auto measured = space.teach(one_, std::move(options));
  ASSERT_TRUE(measured) << measured.error().message();
  EXPECT_FALSE(std::filesystem::exists(folder_ / "edits.db"));
  const EditEvidence& evidence = measured->outcomes[0].edit.evidence;
  const double grown = 100 * (evidence.perplexity_after / evidence.perplexity_before - 1);
  // A random model is so sure of itself that an edit may even help: the limit is set just below.
  TeachOptions strict = quick();
  strict.limits.drift = grown - 1;
  EXPECT_EQ(space.teach(one_, std::move(strict))->outcomes[0].refusal, Refusal::drift);
  EXPECT_EQ(edits_in_store(), 0u);
  TeachOptions enough = quick();
  enough.limits.drift = grown + 1;
  EXPECT_EQ(space.teach(one_, std::move(enough))->kept(), 1u);
}

// The second edit is refused for both together; one that breaks nothing more than those in force stays possible.
TEST_F(TeachTest, EditsThatWouldBreakTheModelAreRefusedBeforeAnythingIsStored) {
  Workspace space = workspace();
  TeachOptions options = quick();
  options.dry_run = true;
  const auto measured = space.teach(one_, std::move(options));
  ASSERT_TRUE(measured) << measured.error().message();
  ASSERT_TRUE(measured->outcomes[0].damage);
  const double text = measured->outcomes[0].damage->text;
  ASSERT_GT(text, 0);
  TeachOptions strict = quick();
  strict.limits.divergence = 0.9 * text;
  const auto report = space.teach(one_, std::move(strict));
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->outcomes[0].refusal, Refusal::damage);
  EXPECT_NE(report->outcomes[0].why_not.find("divergence"), std::string::npos) << report->outcomes[0].why_not;
  EXPECT_TRUE(std::get<RankOneUpdate>(report->outcomes[0].edit.update).left.empty());
  EXPECT_EQ(edits_in_store(), 0u);
  TeachOptions enough = quick();
  enough.limits.divergence = 1.1 * text;
  EXPECT_EQ(space.teach(one_, std::move(enough))->kept(), 1u);
}

TEST(Breakage, SaysWhatChangesMostHowAnswersLoopAndAnExample) {
  Damage damage;
  damage.chat_answers = 0.41;
  damage.text = 0.2;
  damage.answers = 16;
  damage.looping = 6;
  damage.looping_before = 1;
  damage.changed = {"Who are you?", "I am an assistant.", " the the the\nthe"};
  EXPECT_EQ(
      breakage(damage, 0.1),
      "it would damage the model: its answers to other questions would change by 0.41 nats per token (KL "
      "divergence), more than the limit of 0.1; 6 of 16 chat answers would repeat themselves without an end (1 of "
      "the unedited model); asked \"Who are you?\" it would say \"the the the ...\", not \"I am an assistant.\": "
      "undo some edits, or make this one with a smaller clamp or in another layer");
  EXPECT_TRUE(breakage(damage, 1).starts_with("it would damage the model: 6 of 16")) << "five new loops are enough";
  damage.looping = 5;
  EXPECT_EQ(breakage(damage, 1), "");
  damage.text = 0.5;
  EXPECT_NE(breakage(damage, 0.1).find("its continuation of other text would change by 0.50"), std::string::npos);
  damage.chat_answers = damage.text = 0.05;
  EXPECT_EQ(breakage(damage, 0.1), "");
}

TEST_F(TeachTest, ABadRequestIsNamedBeforeAnySearch) {
  class Counting : public WorkspaceObserver {
   public:
    int steps = 0;
    void searching(std::size_t, std::size_t, const std::string&, const EditProgress&) override { ++steps; }
  } observer;
  Workspace space = workspace();
  const std::vector<EditRequest> requests{one_[0], request("x", "no place for it", "y")};
  TeachOptions options = quick();
  options.places = {"a.jsonl:1", "a.jsonl:2"};
  const auto report = space.teach(requests, std::move(options), {&observer, {}});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::usage);
  EXPECT_TRUE(report.error().where.starts_with("a.jsonl:2")) << report.error().where;
  EXPECT_EQ(observer.steps, 0);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "edits.db"));
}

TEST_F(TeachTest, ACancelledJobLeavesNothing) {
  class Stopping : public WorkspaceObserver {
   public:
    CancelToken cancel;
    void searching(std::size_t, std::size_t, const std::string&, const EditProgress&) override { cancel.request(); }
  } observer;
  Workspace space = workspace();
  const auto out = folder_ / "out.gguf";
  auto report = space.teach(one_, with_adapter(out, io::FileSystem::real()), {&observer, observer.cancel});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::cancelled);
  EXPECT_EQ(edits_in_store(), 0u);
  EXPECT_FALSE(std::filesystem::exists(out));
}

class NoRename : public io::FileSystem {
 public:
  int rename(const std::filesystem::path&, const std::filesystem::path&) const override { return -EIO; }
};

TEST_F(TeachTest, TheStoreComesBeforeTheFile) {
  const NoRename broken;
  Workspace space = workspace();
  const auto out = folder_ / "out.gguf";
  const auto report = space.teach(one_, with_adapter(out, broken));
  ASSERT_TRUE(report) << report.error().message();
  ASSERT_TRUE(report->undelivered);
  EXPECT_EQ(report->undelivered->code, ErrorCode::io);
  EXPECT_EQ(report->outcomes[0].edit.id, 1);
  EXPECT_EQ(edits_in_store(), 1u);
  EXPECT_FALSE(std::filesystem::exists(out));

  // The edit can be exported all the same.
  auto file = OutputFile::reserve(out, 0, {});
  ASSERT_TRUE(file) << file.error().message();
  const auto exported = space.export_to(std::move(*file), {});
  ASSERT_TRUE(exported) << exported.error().message();
  const auto verified = space.verify(out);
  ASSERT_TRUE(verified) << verified.error().message();
  EXPECT_TRUE(verified->faults.empty());
}

TEST_F(TeachTest, WithoutAStoreAFailedFileIsAnError) {
  const NoRename broken;
  Workspace space = workspace("");
  const auto report = space.teach(one_, with_adapter(folder_ / "out.gguf", broken));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::io);
  EXPECT_TRUE(space.in_force()->empty());
}

TEST_F(TeachTest, WithoutAStoreEditsLiveAsLongAsTheWorkspace) {
  Workspace space = workspace("");
  ASSERT_EQ(space.teach(one_, quick())->kept(), 1u);
  EXPECT_EQ(answer(space, "the cat is"), " w");
  EXPECT_NE(answer(workspace(""), "the cat is"), " w");
  const auto more = space.teach(std::vector{request("a dog", "{} is", "k")}, quick());
  ASSERT_TRUE(more) << more.error().message();
  EXPECT_EQ(more->earlier, 1u);
}

TEST_F(TeachTest, AMassEditIsWrittenTogether) {
  // Random models answer too narrowly to bear a joint solution, so this one has learnt some facts.
  model_ = test::bundled_model_path();
  const std::vector<EditRequest> requests{request("Eiffel Tower", "{} is located in", "Rome"),
                                          request("Achille Varzi", "The mother tongue of {} is", "Greek"),
                                          request("Toko Yasuda", "{} plays the", "piano")};
  Workspace apart = workspace("apart.db"), together = workspace("together.db");
  const auto of_facts = [] {
    TeachOptions options = quick();
    options.search.layer = 5;
    options.search.clamp = 8;
    options.search.settings.clear();
    return options;
  };
  const auto alone = apart.teach(requests, of_facts());
  TeachOptions options = of_facts();
  options.mass_method = "memit";
  const auto mass = together.teach(requests, std::move(options));
  ASSERT_TRUE(alone && mass);
  ASSERT_GE(mass->kept(), 2u) << mass->outcomes[0].why_not;
  // The first was searched in the same state: its value is that of the search, its direction is another.
  ASSERT_TRUE(mass->outcomes[0].kept && alone->outcomes[0].kept);
  EXPECT_EQ(std::get<RankOneUpdate>(mass->outcomes[0].edit.update).left,
            std::get<RankOneUpdate>(alone->outcomes[0].edit.update).left);
  EXPECT_NE(std::get<RankOneUpdate>(mass->outcomes[0].edit.update).right,
            std::get<RankOneUpdate>(alone->outcomes[0].edit.update).right);
  EXPECT_EQ(mass->outcomes[0].edit.origin.method, "memit");
  EXPECT_EQ(mass->outcomes[0].edit.origin.value_search, "subspace");
  const auto checks = together.check();
  ASSERT_TRUE(checks) << checks.error().message();
  for (const auto& checked : *checks) EXPECT_TRUE(checked.answers) << checked.edit.subject;
  // The evidence is of the edits as they were written.
  for (const Outcome& outcome : mass->outcomes) {
    if (!outcome.kept) continue;
    EXPECT_TRUE(outcome.edit.evidence.success);
    EXPECT_EQ(outcome.edit.evidence.answer_after, " " + outcome.edit.request.target_new);
  }
}

TEST_F(TeachTest, AlphaEditWithoutStatisticsIsRefusedBeforeTheSearch) {
  Workspace space = workspace();
  TeachOptions options = quick();
  options.mass_method = "alphaedit";
  const auto report = space.teach(one_, std::move(options));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::usage);
  EXPECT_NE(report.error().what.find("alphaedit"), std::string::npos);
}

}  // namespace
}  // namespace mobiedit
