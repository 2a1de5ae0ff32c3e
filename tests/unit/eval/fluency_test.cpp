#include "eval/fluency.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "mobiedit/eval/measure.h"
#include "unit/bundled_model.h"

namespace mobiedit {
namespace {

TEST(Fluency, IsTheEntropyOfPairsAndTriples) {
  // "a b", "b a", "a b": two of one pair and one of another; "a b a", "b a b": one each.
  const double pairs = -(2.0 / 3 * std::log2(2.0 / 3) + 1.0 / 3 * std::log2(1.0 / 3)), triples = 1;
  EXPECT_NEAR(ngram_entropy("a b a b"), (2.0 / 3 * pairs + 4.0 / 3 * triples) / 2, 1e-12);
  EXPECT_EQ(ngram_entropy("so so so so so"), 0);
  EXPECT_EQ(ngram_entropy(""), 0);
  EXPECT_EQ(ngram_entropy("one"), 0);
  // Four words, all pairs and triples different, whatever stands between them.
  EXPECT_NEAR(ngram_entropy("Zoë,\n it's"), ngram_entropy("a b c d e"), 1e-12);
}

TEST(Fluency, FallsWhereAModelRepeatsItself) {
  const Model model = test::open_bundled_model(Precision::automatic);
  auto session = Session::create(model, {.threads = 1});
  ASSERT_TRUE(session);
  FactRecord fact;
  fact.subject = "Eiffel Tower";
  fact.prompt = "{} is located in";
  fact.target_new = "Rome";
  auto measured = measure_fact(*session, model.tokenizer(), fact);
  ASSERT_TRUE(measured);
  EXPECT_FALSE(measured->fluency) << "nothing was asked";
  fact.generation = {"Eiffel Tower is"};
  measured = measure_fact(*session, model.tokenizer(), fact);
  ASSERT_TRUE(measured && measured->fluency);
  // 100 tokens have some 70 words; all pairs and triples different that would be 6.1 bits. The bundled model ends
  // sooner.
  EXPECT_GT(*measured->fluency, 1);
  EXPECT_LT(*measured->fluency, 6.7);
  const auto again = measure_fact(*session, model.tokenizer(), fact);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->fluency, measured->fluency);

  // A long text has nothing left to be continued to.
  std::string long_text;
  for (int i = 0; i < 120; ++i) long_text += " so";
  fact.generation = {long_text};
  measured = measure_fact(*session, model.tokenizer(), fact);
  ASSERT_TRUE(measured);
  EXPECT_EQ(measured->fluency, 0.0);
}

}  // namespace
}  // namespace mobiedit
