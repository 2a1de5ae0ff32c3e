// Damage gauge: what it compares, against a slow definition; what it keeps; loops.
#include "workspace/gauge/damage_gauge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "backend/active_deltas.h"
#include "base/random.h"
#include "base/thread_pool.h"
#include "edit/statistics/chat_prompts.h"
#include "kernels/vector_ops.h"
#include "unit/bundled_model.h"
#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"
#include "workspace/damage_check.h"
#include "workspace/gauge/held_back.h"
#include "workspace/gauge/loops.h"

namespace mobiedit {
namespace {

constexpr const char* chat_format =
    "be kind\n{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}\n{% endfor %}{% if add_generation_prompt "
    "%}[a]{% endif %}";

class DamageGaugeTest : public testing::Test {
 protected:
  TemporaryFolder folder;
  ThreadPool pool{1};
  std::vector<LowRankDelta> deltas_;
  ActiveDeltas active_;

  [[nodiscard]] Model model_with(const std::string& format) const {
    test::TinyModel tiny;
    tiny.context = 512;
    if (!format.empty()) tiny.change = [format](gguf::Writer& w) { w.set_string("tokenizer.chat_template", format); };
    return test::open_tiny_model(folder.path() / "m.gguf", tiny);
  }
  /// A random rank-one change of a down weight.
  PassOptions changed(const Model& model, float strength) {
    const auto d = static_cast<std::size_t>(model.config().d), f = static_cast<std::size_t>(model.config().f);
    LowRankDelta delta{"blk.1.ffn_down.weight", 1, std::vector<float>(f), std::vector<float>(d), strength};
    Random(3).fill_normal(delta.a);
    Random(4).fill_normal(delta.b);
    deltas_ = {delta};
    active_ = std::move(*ActiveDeltas::resolve(model.config(), deltas_));
    PassOptions pass;
    pass.deltas = &active_;
    return pass;
  }
  static Damage measured(const DamageGauge& gauge, ForwardPass& forward, const PassOptions& pass) {
    auto damage = gauge.measure(forward, pass);
    EXPECT_TRUE(damage && gauge.answer(forward, pass, *damage));
    return damage.value_or(Damage());
  }
  /// [tokens, vocab] logits of a text by itself.
  static std::vector<float> logits_of(ForwardPass& forward, const std::vector<Token>& tokens, const PassOptions& pass) {
    const ModelConfig& c = forward.config();
    std::vector<float> residual(tokens.size() * static_cast<std::size_t>(c.d)),
        logits(tokens.size() * static_cast<std::size_t>(c.vocab));
    forward.embed(tokens, residual);
    const BatchSequence sequence{nullptr, 0, static_cast<int>(tokens.size()), nullptr};
    forward.run_layers({0, c.layers}, residual, {&sequence, 1}, pass);
    forward.logits(residual, logits, pass);
    return logits;
  }
};

TEST_F(DamageGaugeTest, TheUneditedModelHasNone) {
  const Model model = model_with(chat_format);
  const auto forward = make_forward_pass(model, pool);
  const auto gauge = DamageGauge::create(model, *forward, {});
  ASSERT_TRUE(gauge) << gauge.error().message();
  const Damage none = measured(*gauge, *forward, {});
  EXPECT_LT(none.divergence(), 1e-6);  // rounding of float32 sums
  EXPECT_EQ(none.answers, static_cast<int>(held_back_questions().size()));
  EXPECT_EQ(none.changed.question, "");
  EXPECT_EQ(none.looping, none.looping_before);
  EXPECT_EQ(none.endless, none.endless_before);
}

// Over the whole vocabulary, and each text by itself; with it go the turns' shared beginning and the sums over places.
TEST_F(DamageGaugeTest, IsTheDivergenceFromTheBase) {
  const Model model = model_with("");
  const auto forward = make_forward_pass(model, pool);
  const auto gauge = DamageGauge::create(model, *forward, {});
  ASSERT_TRUE(gauge && !gauge->has_chat());
  const PassOptions edited = changed(model, 0.02f);
  const Damage damage = measured(*gauge, *forward, edited);
  double sum = 0;
  std::size_t places = 0;
  const auto vocab = static_cast<std::size_t>(model.config().vocab);
  for (const std::string_view paragraph : held_back_paragraphs()) {
    const std::vector<Token> tokens = model.tokenizer().encode(paragraph);
    const auto before = logits_of(*forward, tokens, {}), after = logits_of(*forward, tokens, edited);
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i, ++places) {
      const std::span<const float> p(before.data() + i * vocab, vocab), q(after.data() + i * vocab, vocab);
      const double p_sum = kernels::log_sum_exp(p), q_sum = kernels::log_sum_exp(q);
      for (std::size_t j = 0; j < vocab; ++j) sum += std::exp(p[j] - p_sum) * ((p[j] - p_sum) - (q[j] - q_sum));
    }
  }
  const double whole = sum / static_cast<double>(places);
  ASSERT_GT(whole, 0.005);
  // All tokens but the likeliest count as one event, so a part of the divergence is not seen.
  EXPECT_LE(damage.text, whole * 1.001);
  EXPECT_GT(damage.text, 0.5 * whole);
  EXPECT_EQ(damage.chat_turns, 0);
  EXPECT_EQ(damage.answers, 0);
}

TEST_F(DamageGaugeTest, GrowsWithTheChangeInEveryPart) {
  const Model model = model_with(chat_format);
  const auto forward = make_forward_pass(model, pool);
  const auto gauge = DamageGauge::create(model, *forward, {});
  ASSERT_TRUE(gauge && gauge->has_chat());
  const Damage small = measured(*gauge, *forward, changed(model, 0.005f));
  const Damage large = measured(*gauge, *forward, changed(model, 0.05f));
  for (const auto part : {&Damage::chat_turns, &Damage::chat_answers, &Damage::text}) {
    EXPECT_GT(small.*part, 0);
    EXPECT_GT(large.*part, 3 * (small.*part));
  }
  EXPECT_NE(large.changed.question, "");
  EXPECT_NE(large.changed.before, large.changed.after);
}

TEST_F(DamageGaugeTest, LogitsThatAreNoNumbersAreNoSoundModel) {
  const Model model = model_with("");
  const auto forward = make_forward_pass(model, pool);
  const auto gauge = DamageGauge::create(model, *forward, {});
  ASSERT_TRUE(gauge);
  const Damage damage = measured(*gauge, *forward, changed(model, 1e38f));
  EXPECT_GT(damage.divergence(), 1e9) << "an overflow";
  EXPECT_NE(breakage(damage, 0.1), "");
}

TEST_F(DamageGaugeTest, TheBasesSideComesFromTheCacheUnlessItIsDamaged) {
  const Model model = model_with(chat_format);
  const auto forward = make_forward_pass(model, pool);
  const auto cache = folder.path() / "cache";
  std::filesystem::create_directory(cache);
  const auto fresh = DamageGauge::create(model, *forward, cache);
  ASSERT_TRUE(fresh);
  const PassOptions edited = changed(model, 0.02f);
  const Damage expected = measured(*fresh, *forward, edited);
  const auto path = std::filesystem::directory_iterator(cache)->path();
  const std::uint64_t work = forward->work().rows;
  const auto same_as_before = [&](const char* what) {
    const auto gauge = DamageGauge::create(model, *forward, cache);
    ASSERT_TRUE(gauge) << what;
    const Damage damage = measured(*gauge, *forward, edited);
    EXPECT_EQ(damage.divergence(), expected.divergence()) << what;
    EXPECT_EQ(damage.looping_before, expected.looping_before) << what;
  };
  ASSERT_TRUE(DamageGauge::create(model, *forward, cache));
  EXPECT_EQ(forward->work().rows, work) << "the base ran again";
  same_as_before("cached");
  const auto rewrite = [&](const auto& change) {
    const auto file = gguf::File::open(path);
    ASSERT_TRUE(file);
    auto record = GaugeRecord::from_file(*file, model.config());
    ASSERT_TRUE(record);
    change(*record);
    gguf::Writer writer;
    for (const gguf::Entry& entry : file->metadata()) writer.set(entry);
    record->add_to(writer);
    ASSERT_TRUE(writer.write(path));
  };
  rewrite([](GaugeRecord& r) { r.rows[0].tokens[0] = 1 << 20; });
  same_as_before("a token outside the vocabulary");
  rewrite([](GaugeRecord& r) { r.tokens[5] = 1e9f; });
  same_as_before("a likely token outside the vocabulary");
  rewrite([](GaugeRecord& r) { r.rows[1].first = 100000; });
  same_as_before("a place outside its row");
  rewrite([](GaugeRecord& r) { r.turns = 1000; });
  same_as_before("more turns than rows");
  std::ofstream(path, std::ios::binary) << "nothing";
  same_as_before("no file of ours");
}

TEST_F(DamageGaugeTest, AModelThatNobodyMeasuredHasTheGeneralLimit) {
  const Model model = model_with("");
  const auto check = DamageCheck::create(model, {.threads = 1}, {}, {});
  ASSERT_TRUE(check);
  EXPECT_EQ(check->usual_limit(), 0.1);
  const Model bundled = test::open_bundled_model(Precision::automatic);
  const auto measured = DamageCheck::create(bundled, {.threads = 1}, {}, {});
  ASSERT_TRUE(measured);
  EXPECT_EQ(measured->usual_limit(), 0.2);
}

TEST(Loops, AreRepeatsUpToTheEnd) {
  EXPECT_FALSE(ends_in_a_loop({}));
  EXPECT_FALSE(ends_in_a_loop(std::vector<Token>{1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_FALSE(ends_in_a_loop(std::vector<Token>{1, 2, 3, 7, 7, 7})) << "three equal words are no loop";
  EXPECT_TRUE(ends_in_a_loop(std::vector<Token>{1, 7, 7, 7, 7, 7, 7, 7, 7}));
  EXPECT_TRUE(ends_in_a_loop(std::vector<Token>{9, 1, 2, 3, 1, 2, 3, 1, 2, 3}));
  EXPECT_TRUE(ends_in_a_loop(std::vector<Token>{9, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2})) << "cut off in the middle";
  EXPECT_FALSE(ends_in_a_loop(std::vector<Token>{9, 1, 2, 3, 4, 1, 2, 3, 4})) << "said twice";
  EXPECT_FALSE(ends_in_a_loop(std::vector<Token>{7, 7, 7, 7, 7, 7, 7, 7, 7, 1, 2})) << "not at the end";
}

}  // namespace
}  // namespace mobiedit
