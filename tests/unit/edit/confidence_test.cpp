// Edits of subjects that the model has no answer of its own to.
#include "edit/confidence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "backend/cpu/cpu_forward.h"
#include "base/thread_pool.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/model/session.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

const EditRequest unheard_of{"Ada Byron", "The favourite dish of {} is", "soup", {}, {}};

class Surety : public testing::Test {
 protected:
  Result<Edit> edit(EditOptions options) {
    options.layer = 1;
    options.max_evaluations = 20;
    auto editor = Editor::create(model, std::move(options));
    if (!editor) return std::unexpected(editor.error());
    return editor->edit(unheard_of);
  }
  TemporaryFolder folder;
  Model model = test::open_tiny_model(folder.path() / "m.gguf", {.context = 256});
};

// Against what a session says of the greedy answer; the two differ in how a batch is rounded.
TEST_F(Surety, IsTheProbabilityOfTheAnswersFirstTwoTokens) {
  // Blocks that count for more than the embedding, or the last token repeats itself for sure.
  model = test::open_tiny_model(folder.path() / "sure.gguf", {.scale = 3});
  ThreadPool pool(1);
  CpuForward forward(model, pool);
  auto session = Session::create(model, {.threads = 1});
  ASSERT_TRUE(session);
  double least_sure_of_the_second = 1;
  for (const char* subject : {"Ada Byron", "Big Ben", "the", "Zoë"}) {
    const auto contexts = build_contexts(model, {subject, unheard_of.prompt, unheard_of.target_new, {}, {}}, {});
    ASSERT_TRUE(contexts);
    const Context& bare = contexts->prompts.front();
    ScoredText text{{bare.tokens.begin(), bare.tokens.begin() + bare.target_start + 1}, bare.target_start + 1};
    session->clear();
    ASSERT_TRUE(session->append(text.tokens));
    const auto answer = session->generate({.max_tokens = 2});
    ASSERT_TRUE(answer);
    text.tokens.insert(text.tokens.end(), answer->tokens.begin(), answer->tokens.end());
    ASSERT_EQ(std::ssize(text.tokens), text.first + 2);
    const auto scores = session->score({&text, 1});
    ASSERT_TRUE(scores);
    const auto& log_p = scores->front().log_probabilities;
    const double expected = std::exp(double{log_p[0]} + log_p[1]);
    EXPECT_NEAR(answer_confidence(forward, {}, bare), expected, 1e-3 * expected) << subject;
    least_sure_of_the_second = std::min(least_sure_of_the_second, std::exp(double{log_p[1]}));
  }
  EXPECT_LT(least_sure_of_the_second, 0.9) << "or the second token is not tested";
}

TEST_F(Surety, DecidesWhetherGeneralWordingsAreTaught) {
  const auto never = edit({.confidence_threshold = 0.0}), always = edit({.confidence_threshold = 1.0}),
             by_itself = edit({});
  ASSERT_TRUE(never && always && by_itself);
  EXPECT_EQ(never->evidence.wordings, 0);
  EXPECT_EQ(always->evidence.wordings, std::ssize(general_wordings()));
  EXPECT_EQ(by_itself->evidence.wordings, 0) << "nothing was measured of this model";
  for (const double wrong : {-0.1, 1.1, std::nan("")}) EXPECT_FALSE(edit({.confidence_threshold = wrong})) << wrong;
}

// They are longer than the prompt, which fits.
TEST_F(Surety, TeachesThePromptAloneWhereWordingsDoNotFit) {
  const auto longest = build_general_contexts(model, unheard_of, {});
  ASSERT_TRUE(longest);
  std::size_t rows = 0;
  for (const Context& c : longest->prompts) rows = std::max(rows, c.tokens.size());
  ASSERT_GT(rows, longest->prompts.front().tokens.size());
  model = test::open_tiny_model(folder.path() / "short.gguf", {.context = static_cast<int>(rows) - 1});
  const auto done = edit({.prefixes = std::vector<std::string>(), .confidence_threshold = 1.0});
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(done->evidence.wordings, 0);
}

}  // namespace
}  // namespace mobiedit
