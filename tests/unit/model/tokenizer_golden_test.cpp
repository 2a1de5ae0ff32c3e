// Lines whose ids an independent encoder gave, with the part of the real vocabulary that they need:
// tests/tokenizer/make_golden.mjs.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "mobiedit/model/tokenizer.h"
#include "unit/model/tiny_vocabulary.h"

namespace mobiedit {
namespace {

class GoldenTokens : public testing::TestWithParam<std::string> {};

TEST_P(GoldenTokens, IdsAreThePackages) {
  const auto golden = nlohmann::json::parse(
      std::ifstream(std::string(MOBIEDIT_SOURCE_DIR) + "/tests/golden/tokenizer-" + GetParam() + ".json"));
  TokenizerData data;
  data.model = "gpt2";
  data.pre = golden.at("pre");
  data.merges = golden.at("merges");
  data.add_bos = false;
  std::vector<Token> real_ids;
  for (const auto& token : golden.at("tokens")) {
    data.tokens.push_back(token.at(0));
    real_ids.push_back(token.at(1));
    data.types.push_back(token.size() > 2 ? token.at(2).get<int>() : 1);
  }
  const Tokenizer tokenizer = test::make_tokenizer(std::move(data));

  ASSERT_GT(golden.at("lines").size(), 100u);
  for (const auto& line : golden.at("lines")) {
    const std::string text = line.at("text");
    std::vector<Token> ids = tokenizer.encode(text, {.add_special = true, .parse_special = true});
    for (Token& id : ids) id = real_ids.at(static_cast<std::size_t>(id));
    EXPECT_EQ(ids, line.at("ids").get<std::vector<Token>>()) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(Vocabularies, GoldenTokens, testing::Values("qwen2_5", "mistral_nemo"),
                         [](const auto& model) { return model.param; });

}  // namespace
}  // namespace mobiedit
