// Vocabularies that no tool writes: each is an error or harmless, never a crash.
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/random.h"
#include "mobiedit/model/tokenizer.h"
#include "mobiedit/model/tokenizer_errors.h"
#include "unit/model/tiny_vocabulary.h"

namespace mobiedit {
namespace {

namespace errors = tokenizer_errors;

using test::make_tokenizer;
using test::tiny_vocabulary;

void expect_bad(TokenizerData data, const std::string& where, const ErrorId& id) {
  const auto tokenizer = Tokenizer::create(std::move(data));
  ASSERT_FALSE(tokenizer) << id.name;
  EXPECT_EQ(tokenizer.error().code, ErrorCode::bad_model);
  EXPECT_EQ(tokenizer.error().where, where);
  EXPECT_EQ(tokenizer.error().id, id.name) << tokenizer.error().what;
}

TEST(HostileVocabulary, ListsThatDoNotFitTogether) {
  auto data = tiny_vocabulary({"a b"});
  data.types.pop_back();
  expect_bad(std::move(data), "tokenizer.ggml.token_type", errors::types);
  data = tiny_vocabulary({"a b"});
  data.types.push_back(1);
  expect_bad(std::move(data), "tokenizer.ggml.token_type", errors::types);
  data = tiny_vocabulary({});
  data.model = "llama";
  data.scores.assign(255, 0.0f);
  expect_bad(std::move(data), "tokenizer.ggml.scores", errors::scores);
  data = tiny_vocabulary({});
  data.model = "llama";
  expect_bad(std::move(data), "tokenizer.ggml.scores", errors::scores);
}

TEST(HostileVocabulary, NothingOrTheWrongKind) {
  expect_bad({}, "tokenizer.ggml.model", errors::model);
  auto data = tiny_vocabulary({});
  data.model = "bert";
  expect_bad(std::move(data), "tokenizer.ggml.model", errors::model);
  data = tiny_vocabulary({});
  data.pre = "klingon";
  expect_bad(std::move(data), "tokenizer.ggml.pre", errors::pattern);
  data = {};
  data.model = "gpt2";
  data.pre = "gpt-2";
  expect_bad(std::move(data), "tokenizer.ggml.tokens", errors::tokens);
}

TEST(HostileVocabulary, MergesThatAreNoPairs) {
  for (const char* merge : {"", " ", "ab", "a ", " a", "  "}) {
    auto data = tiny_vocabulary({});
    data.merges = {"a b", merge};
    expect_bad(std::move(data), "tokenizer.ggml.merges", errors::merges);
  }
}

TEST(HostileVocabulary, MergesOfUnknownSymbolsAreHarmless) {
  auto data = tiny_vocabulary({});
  data.merges = {"qu x", "a b", "ab c", "a b", "\xFF \xFE", "abc d e"};
  const auto tokenizer = make_tokenizer(std::move(data));
  EXPECT_EQ(tokenizer.encode("abcqux"), (std::vector<Token>{'a', 'b', 'c', 'q', 'u', 'x'}));
}

TEST(HostileVocabulary, BytesWithoutTokensGiveNothing) {
  TokenizerData data;
  data.model = "gpt2";
  data.pre = "gpt-2";
  data.tokens = {"a", "b"};
  data.merges = {"a c"};
  const auto tokenizer = make_tokenizer(std::move(data));
  EXPECT_EQ(tokenizer.encode("abcab"), (std::vector<Token>{0, 1, 0, 1}));
}

TEST(HostileVocabulary, EmptyAndRepeatedTokens) {
  auto data = tiny_vocabulary({"a b"});
  for (const char* token : {"", "ab", ""}) {
    data.tokens.emplace_back(token);
    data.types.push_back(token[0] == '\0' ? 4 : 1);
  }
  const auto tokenizer = make_tokenizer(std::move(data));
  EXPECT_EQ(tokenizer.encode("ab"), (std::vector<Token>{256}));  // the first of two counts
  EXPECT_EQ(tokenizer.decode(std::vector<Token>{257, 258, 259}), "ab");
}

TEST(HostileVocabulary, IdsOutsideTheVocabularyCountAsNone) {
  auto data = tiny_vocabulary({});
  data.bos = 256;
  data.eos = -1;
  data.eot = std::numeric_limits<Token>::max();
  data.unknown = 1 << 30;
  const auto tokenizer = make_tokenizer(data);
  EXPECT_EQ(tokenizer.bos(), std::nullopt);
  EXPECT_EQ(tokenizer.eos(), std::nullopt);
  EXPECT_EQ(tokenizer.encode("a"), (std::vector<Token>{'a'}));
  data.add_bos = true;
  expect_bad(data, "tokenizer.ggml.bos_token_id", errors::special);
  data.add_bos = false;
  data.add_eos = true;
  expect_bad(data, "tokenizer.ggml.eos_token_id", errors::special);
}

TEST(HostileVocabulary, TypesThatAreNoTypes) {
  auto data = tiny_vocabulary({"a b"});
  data.types['x'] = -1;
  data.types['y'] = std::numeric_limits<int>::max();
  data.types['z'] = 6;  // a byte token that is none
  const auto tokenizer = make_tokenizer(std::move(data));
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("axayz")), "aa");
}

TEST(HostileVocabulary, RandomOnesTakeRandomBytes) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    const auto below = [&](std::uint32_t n) { return random.below(n); };
    const auto bytes = [&](std::uint32_t most) {
      std::string text;
      for (std::uint32_t count = below(most + 1); count > 0; --count) {
        // Few different bytes, so that tokens occur in texts.
        text.push_back("ab <>\xC3\xA9\xE2\x96\x81\xFF\n0"[below(13)]);
      }
      return text;
    };
    TokenizerData data;
    data.model = below(2) == 0 ? "gpt2" : "llama";
    data.pre = below(2) == 0 ? "qwen2" : "llama-bpe";
    for (std::uint32_t count = 1 + below(40); count > 0; --count) {
      data.tokens.push_back(bytes(5));
      data.types.push_back(static_cast<int>(below(9)) - 1);
      data.scores.push_back(below(5) == 0 ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(below(3)));
    }
    for (std::uint32_t count = below(20); count > 0; --count) {
      data.merges.push_back("a" + bytes(2) + " " + bytes(2) + "b");
    }
    data.bos = static_cast<Token>(below(60));
    if (below(2) == 0) data.unknown = static_cast<Token>(below(60));
    const auto tokenizer = Tokenizer::create(std::move(data));
    if (!tokenizer) continue;
    for (int text = 0; text < 20; ++text) {
      for (const bool parse : {false, true}) {
        for (const Token token : tokenizer->encode(bytes(40), {.add_special = true, .parse_special = parse})) {
          ASSERT_GE(token, 0);
          ASSERT_LT(token, tokenizer->size());
        }
      }
    }
  }
}

}  // namespace
}  // namespace mobiedit
