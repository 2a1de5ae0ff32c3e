// Default statistics rows: text and chat turns, what is cached, and that statistics can be learnt from them.
#include "edit/statistics/default_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/thread_pool.h"
#include "edit/statistics/chat_prompts.h"
#include "edit/statistics/key_covariance.h"
#include "edit/statistics/plain_text.h"
#include "mobiedit/edit/editor.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

constexpr const char* chat_format =
    "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}[a]{% "
    "endif "
    "%}";

class DefaultRowsTest : public testing::Test {
 protected:
  TemporaryFolder folder;
  ThreadPool pool{1};

  [[nodiscard]] Model model_with(const std::string& format, int context = 512) const {
    test::TinyModel tiny;
    tiny.context = context;
    if (!format.empty()) tiny.change = [format](gguf::Writer& w) { w.set_string("tokenizer.chat_template", format); };
    return test::open_tiny_model(folder.path() / "m.gguf", tiny);
  }
  [[nodiscard]] StatisticsRows rows_of(const Model& model, ChatRows chat = ChatRows::with_own_answers,
                                       const std::filesystem::path& cache = {}) {
    auto rows = default_statistics_rows(model, *make_forward_pass(model, pool), chat, cache);
    EXPECT_TRUE(rows) << rows.error().message();
    return rows ? std::move(*rows) : StatisticsRows();
  }
};

TEST_F(DefaultRowsTest, TextAloneIsAllOfTheBuiltInTextInRowsThatFit) {
  const Model model = model_with("", 100);
  const StatisticsRows made = rows_of(model);
  std::string text;
  for (const auto& row : made.rows) {
    EXPECT_LE(row.size(), 100u);
    text += model.tokenizer().decode(row);
  }
  EXPECT_EQ(text, plain_text());
}

TEST_F(DefaultRowsTest, AChatModelsRowsHaveItsOwnAnswersBehindItsOwnForm) {
  const Model model = model_with(chat_format);
  const std::size_t texts = rows_of(model, ChatRows::none).rows.size();
  const StatisticsRows made = rows_of(model);
  ASSERT_EQ(made.rows.size(), texts + plain_questions().size());
  const auto& row = made.rows[texts];
  const std::string form = "[user] " + std::string(plain_questions()[0]) + "\n[a]";
  EXPECT_TRUE(model.tokenizer().decode(row).starts_with(form));
  // The answer is what a session says to it.
  const std::vector<Token> prompt = model.tokenizer().encode(form);
  auto session = Session::create(model, {.threads = 1, .activations = Activations::int8});
  ASSERT_TRUE(session && session->append(prompt));
  const auto answer = session->generate({.max_tokens = 32, .stop = {}});
  std::vector<Token> whole = prompt;
  whole.insert(whole.end(), answer->tokens.begin(), answer->tokens.end());
  EXPECT_GT(answer->tokens.size(), 1u);
  EXPECT_TRUE(std::ranges::equal(std::span(row).first(whole.size()), whole));
  EXPECT_NE(made.fingerprint, rows_of(model, ChatRows::none).fingerprint);
}

TEST_F(DefaultRowsTest, AnUnusableTemplateLeavesTextAndAReason) {
  const Model model = model_with("{% for m in messages %}");
  const StatisticsRows made = rows_of(model);
  EXPECT_EQ(made.rows, rows_of(model, ChatRows::none).rows);
  EXPECT_NE(made.chat_refusal, "");
  EXPECT_EQ(rows_of(model_with("")).chat_refusal, "");
}

TEST_F(DefaultRowsTest, AnswersComeFromTheCacheUnlessItIsDamaged) {
  const Model model = model_with(chat_format);
  const auto cache = folder.path() / "cache";
  std::filesystem::create_directory(cache);
  const StatisticsRows first = rows_of(model, ChatRows::with_own_answers, cache);
  ASSERT_EQ(std::distance(std::filesystem::directory_iterator(cache), {}), 1);
  const auto path = std::filesystem::directory_iterator(cache)->path();
  EXPECT_EQ(rows_of(model, ChatRows::with_own_answers, cache).rows, first.rows);
  // A cached answer of another length would show if it were read; one with a token that there is none must not be.
  const auto file = gguf::File::open(path);
  gguf::Writer spoilt;
  for (const gguf::Entry& entry : file->metadata()) {
    gguf::Entry changed = entry;
    if (changed.key == "tokens") std::get<std::vector<std::int64_t>>(changed.value)[0] = 1 << 20;
    spoilt.set(std::move(changed));
  }
  ASSERT_TRUE(spoilt.write(path));
  EXPECT_EQ(rows_of(model, ChatRows::with_own_answers, cache).rows, first.rows);
  std::ofstream(path, std::ios::binary) << "nothing";
  EXPECT_EQ(rows_of(model, ChatRows::with_own_answers, cache).rows, first.rows);
}

TEST_F(DefaultRowsTest, AnEditorLearnsFromThemOnceAndSaysSo) {
  const Model model = model_with(chat_format);
  const auto cache = folder.path() / "cache";
  std::filesystem::create_directory(cache);
  EditOptions options;
  options.layer = 1;
  options.threads = 1;
  auto editor = Editor::create(model, options);
  ASSERT_TRUE(editor);
  int told = 0;
  const auto first = editor->set_default_statistics(cache.string(), [&] { ++told; });
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(told, 1);
  const auto moment = editor->key_moment()->values;
  const auto forward = make_forward_pass(model, pool);
  const StatisticsRows made = rows_of(model);
  EXPECT_EQ(*first, made.fingerprint);
  const std::vector<std::span<const Token>> rows(made.rows.begin(), made.rows.end());
  const auto direct = KeyCovariance::from_rows(*forward, {}, rows, 1, {});
  ASSERT_TRUE(direct);
  EXPECT_EQ(moment, direct->matrix());
  const auto again = editor->set_default_statistics(cache.string(), [&] { ++told; });
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, *first);
  EXPECT_EQ(told, 1);
}

// Fewer tokens than a key is long leave directions without any: the ridge alone bounds them, and solving stays finite.
TEST_F(DefaultRowsTest, AFewTokensGiveAnInvertibleMoment) {
  const Model model = model_with("");
  const auto forward = make_forward_pass(model, pool);
  const std::vector<Token> few = model.tokenizer().encode("only a few tokens");
  const std::vector<std::span<const Token>> rows = {few};
  const auto made = KeyCovariance::from_rows(*forward, {}, rows, 1, {});
  ASSERT_TRUE(made) << made.error().message();
  const std::vector<float> key(static_cast<std::size_t>(model.config().f), 1.0f);
  for (const float x : made->solve(key)) EXPECT_TRUE(std::isfinite(x));
  EXPECT_EQ(KeyCovariance::from_rows(*forward, {}, {}, 1, {}).error().code, ErrorCode::usage);
}

}  // namespace
}  // namespace mobiedit
