// MobiEdit's answers to many prompts, to compare with the peer: answer MODEL.gguf PROMPTS.json TOKENS TOP [float32]
// A prompt is a text or a list of token ids. Prints for each its token ids, the greedy continuation and the TOP most
// probable next tokens: [{ids, text, top: {id: log-prob.}}].
#include <algorithm>
#include <cmath>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "mobiedit/model/session.h"

namespace {

using nlohmann::json;

json top_of(std::span<const float> logits, std::size_t count) {
  const double largest = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float x : logits) sum += std::exp(x - largest);
  std::vector<std::size_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  count = std::min(count, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&](std::size_t a, std::size_t b) { return logits[a] > logits[b]; });
  json top;
  for (std::size_t i = 0; i < count; ++i) top[std::to_string(order[i])] = logits[order[i]] - largest - std::log(sum);
  return top;
}

mobiedit::Result<json> answers(const std::string& path, const json& prompts, int tokens, std::size_t top,
                               mobiedit::Precision precision) {
  const auto model = mobiedit::Model::open(path, {.threads = 1, .precision = precision});
  if (!model) return std::unexpected(model.error());
  auto session = mobiedit::Session::create(*model, {.threads = 1});
  if (!session) return std::unexpected(session.error());
  json found = json::array();
  for (const json& prompt : prompts) {
    session->clear();
    const auto ids = prompt.is_array() ? prompt.get<std::vector<mobiedit::Token>>()
                                       : model->tokenizer().encode(prompt.get<std::string>());
    if (auto read = session->append(ids); !read) return std::unexpected(read.error());
    json likely = top_of(session->logits(), top);
    const auto generation = session->generate({.max_tokens = tokens});
    if (!generation) return std::unexpected(generation.error());
    found.push_back({{"ids", ids}, {"text", generation->text}, {"top", std::move(likely)}});
  }
  return found;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 5) {
    std::cerr << "answer MODEL.gguf PROMPTS.json TOKENS TOP [float32]\n";
    return 2;
  }
  const bool exact = count > 5 && std::string(arguments[5]) == "float32";
  const auto found =
      answers(arguments[1], json::parse(std::ifstream(arguments[2])), std::stoi(arguments[3]), std::stoul(arguments[4]),
              exact ? mobiedit::Precision::float32 : mobiedit::Precision::automatic);
  if (!found) {
    std::cerr << found.error().message() << '\n';
    return 1;
  }
  std::cout << found->dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
}
