#include "mobiedit/model/session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "unit/temporary_folder.h"
#include "unit/tiny_model.h"

namespace mobiedit {
namespace {

using test::open_tiny_model;
using test::TinyModel;

std::vector<Token> some_tokens(int count, int seed = 3) {
  std::vector<Token> tokens;
  Random random(static_cast<std::uint64_t>(seed));
  for (int i = 0; i < count; ++i) tokens.push_back(static_cast<Token>(random.below(256)));
  return tokens;
}

std::vector<float> logits_after(Session& session, std::span<const Token> tokens) {
  session.clear();
  const auto status = session.append(tokens);
  EXPECT_TRUE(status) << status.error().message();
  return {session.logits().begin(), session.logits().end()};
}

float largest_difference(std::span<const float> a, std::span<const float> b) {
  float worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
  return worst;
}

class EveryArchitecture : public testing::TestWithParam<const char*> {
 protected:
  TemporaryFolder folder;
};
INSTANTIATE_TEST_SUITE_P(All, EveryArchitecture,
                         testing::Values("llama", "qwen2", "qwen3", "gemma2", "gemma3", "phi3", "olmo2", "granite",
                                         "smollm3", "qwen3moe", "gpt-oss"),
                         [](const auto& i) { return std::string(i.param).substr(0, std::string(i.param).find('-')); });

Generation continued_alone(Session& session, const GenerationPrompt& prompt) {
  session.clear();
  EXPECT_TRUE(session.append(prompt.tokens));
  auto generation = session.generate({.max_tokens = prompt.max_tokens, .stop = {}});
  EXPECT_TRUE(generation);
  return std::move(*generation);
}

void expect_equal(const Generation& a, const Generation& b) {
  EXPECT_EQ(a.tokens, b.tokens);
  EXPECT_EQ(a.text, b.text);
  EXPECT_EQ(a.ended, b.ended);
}

// Rows of a batch don't depend on each other: a prompt is continued as it is alone, whatever stands beside it.
TEST_P(EveryArchitecture, ManyPromptsAreContinuedAsEachIsAlone) {
  // With larger weights than usual, so that it does not say its last token again and again.
  const Model model = open_tiny_model(folder.path() / "m.gguf", {.architecture = GetParam(), .scale = 4});
  auto session = Session::create(model);
  ASSERT_TRUE(session);
  std::vector<GenerationPrompt> prompts;
  const auto beginning = some_tokens(11);
  for (int i = 0; i < 70; ++i) {  // more than are under way at once
    GenerationPrompt prompt{beginning, i % 9};
    const auto own = some_tokens(1 + i % 13, 100 + i);
    prompt.tokens.insert(prompt.tokens.end(), own.begin(), own.end());
    prompts.push_back(prompt);
  }
  prompts.push_back({some_tokens(model.config().context - 2), 9});  // the context ends first
  for (const std::size_t first : {std::size_t{0}, prompts.size() - 1}) {
    const auto some = std::span(prompts).subspan(first);
    const auto together = session->continue_all(some);
    ASSERT_TRUE(together) << together.error().message();
    ASSERT_EQ(together->size(), some.size());
    for (std::size_t i = 0; i < some.size(); ++i) expect_equal((*together)[i], continued_alone(*session, some[i]));
  }
  std::set<Token> said;
  for (const GenerationPrompt& prompt : prompts)
    for (const Token token : continued_alone(*session, prompt).tokens) said.insert(token);
  EXPECT_GT(said.size(), 20u);
  prompts.pop_back();  // the rest have a beginning in common
  const auto shared = session->continue_all(prompts);
  ASSERT_TRUE(shared);
  for (std::size_t i = 0; i < prompts.size(); ++i) expect_equal((*shared)[i], continued_alone(*session, prompts[i]));
}

TEST(ContinueAll, RefusesWhatCannotBeRead) {
  TemporaryFolder folder;
  const Model model = open_tiny_model(folder.path() / "m.gguf", {});
  auto session = Session::create(model);
  ASSERT_TRUE(session);
  for (const auto& tokens :
       {std::vector<Token>{}, {model.config().vocab}, {-1}, some_tokens(model.config().context + 1)}) {
    const std::vector<GenerationPrompt> prompts{{some_tokens(3), 4}, {tokens, 4}};
    const auto refused = session->continue_all(prompts);
    ASSERT_FALSE(refused) << tokens.size();
    EXPECT_EQ(refused.error().code, ErrorCode::usage);
  }
  EXPECT_TRUE(session->continue_all({})->empty());
  CancelToken cancel;
  cancel.request();
  const std::vector<GenerationPrompt> one{{some_tokens(3), 4}};
  EXPECT_EQ(session->continue_all(one, cancel).error().code, ErrorCode::cancelled);
}

// Rows of a product don't depend on the rows beside them, and attention sums over the same tokens in the same order: so
// the pieces in which a text is read change nothing, to the last bit.
TEST_P(EveryArchitecture, ReadingInPiecesChangesNothing) {
  const Model model = open_tiny_model(folder.path() / "m.gguf", {.architecture = GetParam()});
  auto session = Session::create(model);
  ASSERT_TRUE(session);
  const auto tokens = some_tokens(40);
  const auto whole = logits_after(*session, tokens);
  for (const int piece : {1, 7, 39}) {
    session->clear();
    for (std::size_t at = 0; at < tokens.size(); at += static_cast<std::size_t>(piece))
      ASSERT_TRUE(session->append(
          std::span(tokens).subspan(at, std::min<std::size_t>(static_cast<std::size_t>(piece), tokens.size() - at))));
    EXPECT_EQ(largest_difference(whole, session->logits()), 0.0f) << piece;
  }
}

// The int8 path against the float path on the same Q8_0 file. A code is off by at most 1/254 of its group's largest
// value; after four blocks of a random network that is some per cent of the logits' spread (about 1).
TEST_P(EveryArchitecture, IntegerArithmeticStaysNearFloat) {
  const TinyModel tiny{.architecture = GetParam(), .type = gguf::TensorType::q8_0};
  const Model exact = open_tiny_model(folder.path() / "m.gguf", tiny, {.precision = Precision::float32});
  const Model fast = open_tiny_model(folder.path() / "m.gguf", tiny);
  auto a = Session::create(exact), b = Session::create(fast);
  const auto x = logits_after(*a, some_tokens(20)), y = logits_after(*b, some_tokens(20));
  double difference = 0, spread = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    difference += std::pow(x[i] - y[i], 2);
    spread += x[i] * x[i];
  }
  EXPECT_GT(difference, 0);
  EXPECT_LT(std::sqrt(difference / spread), 0.05);
}

TEST_P(EveryArchitecture, PortableKernelsAgree) {
  const TinyModel tiny{.architecture = GetParam(), .type = gguf::TensorType::q8_0};
  const Model plain = open_tiny_model(folder.path() / "m.gguf", tiny, {.portable_kernels = true});
  const Model fast = open_tiny_model(folder.path() / "m.gguf", tiny);
  auto a = Session::create(plain), b = Session::create(fast);
  // Groups are integers on both paths; only sums of floats and exp differ, but a code may flip where rounding is near a
  // half, which costs about what one code is worth.
  EXPECT_LT(largest_difference(logits_after(*a, some_tokens(20)), logits_after(*b, some_tokens(20))), 0.05f);
}

TEST(Session, PutsNeuronsInForceAndTakesThemBack) {
  const TemporaryFolder folder;
  const Model model = open_tiny_model(folder.path() / "m.gguf", {});
  auto session = Session::create(model);
  const auto tokens = some_tokens(10);
  const auto plain = logits_after(*session, tokens);
  Neuron neuron{1, std::vector<float>(64, 0.1f), std::vector<float>(64, 0.1f), std::vector<float>(64, 1.0f)};
  ASSERT_TRUE(session->set_neurons({&neuron, 1}));
  EXPECT_EQ(session->position(), 0);
  const auto with = logits_after(*session, tokens);
  EXPECT_GT(largest_difference(plain, with), 0.01f);
  // A refused set leaves the one in force.
  Neuron wrong = neuron;
  wrong.layer = 4;
  EXPECT_EQ(session->set_neurons({&wrong, 1}).error().code, ErrorCode::usage);
  EXPECT_EQ(logits_after(*session, tokens), with);
  ASSERT_TRUE(session->set_neurons({}));
  EXPECT_EQ(logits_after(*session, tokens), plain);
}

TEST(Session, ScoresWhatReadingGives) {
  TemporaryFolder folder;
  const Model model = open_tiny_model(folder.path() / "m.gguf", {});
  auto session = Session::create(model);
  std::vector<ScoredText> texts;
  for (int i = 0; i < 30; ++i) texts.push_back({some_tokens(5 + i, i), 2 + i % 4});
  texts.push_back({some_tokens(4), 4});
  const auto scores = session->score(texts);
  ASSERT_TRUE(scores) << scores.error().message();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto& tokens = texts[i].tokens;
    ASSERT_EQ((*scores)[i].log_probabilities.size(), tokens.size() - static_cast<std::size_t>(texts[i].first));
    bool greedy = true;
    for (std::size_t p = static_cast<std::size_t>(texts[i].first); p < tokens.size(); ++p) {
      const auto logits = logits_after(*session, std::span(tokens).first(p));
      double sum = 0;
      for (const float x : logits) sum += std::exp(double{x});
      EXPECT_NEAR((*scores)[i].log_probabilities[p - static_cast<std::size_t>(texts[i].first)],
                  logits[static_cast<std::size_t>(tokens[p])] - std::log(sum), 1e-4);
      greedy = greedy && std::ranges::max_element(logits) - logits.begin() == tokens[p];
    }
    EXPECT_EQ((*scores)[i].greedy, greedy);
  }
}

TEST(Session, GreedyTextIsTheMostProbable) {
  TemporaryFolder folder;
  const Model model = open_tiny_model(folder.path() / "m.gguf", {});
  auto session = Session::create(model);
  std::vector<Token> tokens = some_tokens(6);
  ASSERT_TRUE(session->append(tokens));
  const auto generated = session->generate({.max_tokens = 8});
  ASSERT_TRUE(generated);
  ASSERT_EQ(generated->tokens.size(), 8u);
  const int first = static_cast<int>(tokens.size());
  tokens.insert(tokens.end(), generated->tokens.begin(), generated->tokens.end());
  const auto scores = session->score(std::vector<ScoredText>{{tokens, first}});
  EXPECT_TRUE(scores->front().greedy);
}

TEST(Session, SamplingIsSeeded) {
  TemporaryFolder folder;
  const Model model = open_tiny_model(folder.path() / "m.gguf", {});
  auto session = Session::create(model);
  const auto sample = [&](std::uint64_t seed) {
    session->clear();
    EXPECT_TRUE(session->append(some_tokens(6)));
    return session->generate({.max_tokens = 12, .temperature = 20.0f, .top_k = 0, .top_p = 1.0f, .seed = seed})->tokens;
  };
  EXPECT_EQ(sample(1), sample(1));
  EXPECT_NE(sample(1), sample(2));
}

// An adapter computes (W + s·b a) x as W x + s·b (a x): with float weights the two differ by rounding alone.
TEST(Session, AdapterEqualsMergedWeights) {
  TemporaryFolder folder;
  const TinyModel tiny;
  const Model base = open_tiny_model(folder.path() / "m.gguf", tiny);
  auto with = Session::create(base);
  LowRankDelta delta{"blk.2.ffn_down.weight", 2, std::vector<float>(2 * 96), std::vector<float>(64 * 2), 0.5f};
  Random random(7);
  random.fill_normal(delta.a);
  random.fill_normal(delta.b);

  const gguf::TensorInfo& tensor = *base.file().find_tensor(delta.tensor);
  std::vector<float> merged(64 * 96);
  gguf::dequantize(tensor.type, base.file().data(tensor), merged);
  for (std::size_t i = 0; i < 64; ++i)
    for (std::size_t j = 0; j < 96; ++j)
      for (std::size_t r = 0; r < 2; ++r) merged[i * 96 + j] += 0.5f * delta.b[i * 2 + r] * delta.a[r * 96 + j];
  TinyModel changed = tiny;
  changed.without = delta.tensor;
  changed.change = [&](gguf::Writer& writer) {
    writer.add_tensor(delta.tensor, gguf::TensorType::f32, {96, 64},
                      [&]() -> Result<std::span<const std::byte>> { return std::as_bytes(std::span(merged)); });
  };
  const Model whole = open_tiny_model(folder.path() / "merged.gguf", changed);
  auto of_merged = Session::create(whole);

  const auto tokens = some_tokens(20);
  const auto before = logits_after(*with, tokens);
  ASSERT_TRUE(with->set_adapters({delta}));
  const auto after = logits_after(*with, tokens);
  EXPECT_LT(largest_difference(after, logits_after(*of_merged, tokens)), 1e-3f);
  EXPECT_GT(largest_difference(after, before), 0.1f);
  ASSERT_TRUE(with->set_adapters({}));
  EXPECT_EQ(largest_difference(before, logits_after(*with, tokens)), 0.0f);
}

// A row alone is cut by query heads where threads outnumber key heads: three heads in two cuts, say.
TEST_P(EveryArchitecture, DecodesToTheSameBitsOnAnyNumberOfThreads) {
  const TinyModel shape{.architecture = GetParam(), .d = 96, .heads = 3, .kv_heads = 1};
  const Model model = open_tiny_model(folder.path() / "m.gguf", shape);
  const std::vector<Token> tokens = some_tokens(12);
  std::vector<float> expected;
  for (const int threads : {1, 2, 3, 8}) {
    auto session = Session::create(model, {.threads = threads});
    ASSERT_TRUE(session) << session.error().message();
    for (const Token token : tokens) ASSERT_TRUE(session->append({&token, 1}));
    const std::vector<float> logits(session->logits().begin(), session->logits().end());
    if (threads == 1) expected = logits;
    EXPECT_EQ(logits, expected) << threads << " threads";
  }
}

TEST(Session, RefusesWhatItCannotRead) {
  TemporaryFolder folder;
  const Model model = open_tiny_model(folder.path() / "m.gguf", {});
  EXPECT_EQ(Session::create(model, {.context = 65}).error().code, ErrorCode::usage);
  auto session = Session::create(model);
  ASSERT_TRUE(session->append(some_tokens(10)));
  const std::vector<float> before(session->logits().begin(), session->logits().end());
  for (const auto& tokens :
       {std::vector<Token>{}, std::vector<Token>{-1}, std::vector<Token>{1 << 20}, some_tokens(55)}) {
    const auto status = session->append(tokens);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::usage);
    EXPECT_EQ(session->position(), 10);
    EXPECT_EQ(largest_difference(before, session->logits()), 0.0f);
  }
  EXPECT_EQ(session->score(std::vector<ScoredText>{{some_tokens(3), 0}}).error().code, ErrorCode::usage);
  EXPECT_EQ(session->score(std::vector<ScoredText>{{some_tokens(80), 3}}).error().code, ErrorCode::usage);
  LowRankDelta other{"blk.2.ffn_down.weight", 1, std::vector<float>(95), std::vector<float>(64)};
  EXPECT_EQ(session->set_adapters({other}).error().code, ErrorCode::usage);
  other.tensor = "blk.9.ffn_down.weight";
  EXPECT_EQ(session->set_adapters({other}).error().code, ErrorCode::usage);
  const CancelToken cancel;
  cancel.request();
  EXPECT_EQ(session->append(some_tokens(2), cancel).error().code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace mobiedit
