// Encodes texts for the comparisons with other encoders: encode VOCABULARY TEXTS.json [bos] [special] > ids.json
// bos: with BOS and EOS as the vocabulary wants them. special: names of special tokens in the text are those tokens.
// VOCABULARY is a GGUF file or a JSON object named like GGUF's keys, without "tokenizer.ggml.".
#include <algorithm>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "mobiedit/gguf/file.h"
#include "mobiedit/model/tokenizer.h"

namespace {

using nlohmann::json;

mobiedit::Result<mobiedit::Tokenizer> load(const std::string& path) {
  if (path.ends_with(".gguf")) {
    const auto file = mobiedit::gguf::File::open(path);
    if (!file) return std::unexpected(file.error());
    return mobiedit::Tokenizer::from_file(*file);
  }
  const json keys = json::parse(std::ifstream(path));
  const auto token = [&](const char* key) {
    return keys.contains(key) ? std::optional(keys[key].get<mobiedit::Token>()) : std::nullopt;
  };
  mobiedit::TokenizerData data;
  data.model = keys.at("model");
  data.pre = keys.value("pre", "");
  data.tokens = keys.at("tokens");
  data.types = keys.value("token_type", std::vector<int>());
  data.scores = keys.value("scores", std::vector<float>());
  data.merges = keys.value("merges", std::vector<std::string>());
  data.bos = token("bos_token_id");
  data.eos = token("eos_token_id");
  data.unknown = token("unknown_token_id");
  return mobiedit::Tokenizer::create(std::move(data));
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    std::cerr << "encode VOCABULARY TEXTS.json [bos] [special]\n";
    return 2;
  }
  const auto tokenizer = load(arguments[1]);
  if (!tokenizer) {
    std::cerr << tokenizer.error().message() << '\n';
    return 1;
  }
  const std::vector<std::string> flags(arguments + 3, arguments + count);
  const mobiedit::EncodeOptions options{.add_special = std::ranges::count(flags, "bos") > 0,
                                        .parse_special = std::ranges::count(flags, "special") > 0};
  json ids = json::array();
  for (const json& text : json::parse(std::ifstream(arguments[2]))) {
    ids.push_back(tokenizer->encode(text.get<std::string>(), options));
  }
  std::cout << ids << '\n';
}
