#include "workspace/gauge/gauge_record.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>

#include "edit/statistics/cache.h"

namespace mobiedit {
namespace {

using Numbers = std::vector<std::int64_t>;

constexpr const char* row_tokens_key = "tokens";
constexpr const char* row_length_key = "lengths";
constexpr const char* row_first_key = "first";
constexpr const char* row_answer_key = "answer";
constexpr const char* counts_key = "counts";  // turns, looping, endless
constexpr const char* likeliest_tensor = "likeliest";
constexpr const char* probabilities_tensor = "log_probabilities";

const Numbers* numbers_of(const gguf::File& file, std::string_view key) {
  const gguf::Entry* entry = file.find(key);
  return entry == nullptr ? nullptr : std::get_if<Numbers>(&entry->value);
}

void add_numbers(gguf::Writer& file, const char* key, Numbers numbers) {
  file.set({key, gguf::ValueType::array, gguf::ValueType::i32, std::move(numbers)});
}

}  // namespace

std::size_t GaugeRecord::places() const {
  std::size_t count = 0;
  for (const GaugeRow& row : rows) count += static_cast<std::size_t>(std::max(0, row.end() - row.first));
  return count;
}

void GaugeRecord::add_to(gguf::Writer& file) const {
  Numbers all, lengths, firsts, answers;
  for (const GaugeRow& row : rows) {
    all.insert(all.end(), row.tokens.begin(), row.tokens.end());
    lengths.push_back(static_cast<std::int64_t>(row.tokens.size()));
    firsts.push_back(row.first);
    answers.push_back(row.answer);
  }
  add_numbers(file, row_tokens_key, std::move(all));
  add_numbers(file, row_length_key, std::move(lengths));
  add_numbers(file, row_first_key, std::move(firsts));
  add_numbers(file, row_answer_key, std::move(answers));
  add_numbers(file, counts_key, {static_cast<std::int64_t>(turns), looping, endless});
  add_float_values(file, likeliest_tensor, tokens);
  add_float_values(file, probabilities_tensor, log_probabilities);
}

std::optional<GaugeRecord> GaugeRecord::from_file(const gguf::File& file, const ModelConfig& config) {
  const Numbers *all = numbers_of(file, row_tokens_key), *lengths = numbers_of(file, row_length_key),
                *firsts = numbers_of(file, row_first_key), *answers = numbers_of(file, row_answer_key),
                *counts = numbers_of(file, counts_key);
  if (all == nullptr || lengths == nullptr || firsts == nullptr || answers == nullptr || counts == nullptr) return {};
  if (firsts->size() != lengths->size() || answers->size() != lengths->size() || counts->size() != 3) return {};
  GaugeRecord record;
  std::size_t at = 0;
  for (std::size_t i = 0; i < lengths->size(); ++i) {
    const std::int64_t length = (*lengths)[i];
    if (length < 1 || length > config.context || static_cast<std::size_t>(length) > all->size() - at) return {};
    if ((*firsts)[i] < 0 || (*firsts)[i] >= length || (*answers)[i] < 0 || (*answers)[i] > length) return {};
    GaugeRow& row = record.rows.emplace_back();
    for (std::int64_t j = 0; j < length; ++j) {
      const std::int64_t token = (*all)[at++];
      if (token < 0 || token >= config.vocab) return {};
      row.tokens.push_back(static_cast<Token>(token));
    }
    row.first = static_cast<int>((*firsts)[i]);
    row.answer = static_cast<int>((*answers)[i]);
  }
  for (const std::int64_t count : *counts)
    if (count < 0 || static_cast<std::size_t>(count) > record.rows.size()) return {};
  record.turns = static_cast<std::size_t>((*counts)[0]);
  record.looping = static_cast<int>((*counts)[1]);
  record.endless = static_cast<int>((*counts)[2]);
  const auto values = record.places() * likeliest;
  const auto tokens = float_values(file, likeliest_tensor, values);
  const auto probabilities = float_values(file, probabilities_tensor, values);
  if (at != all->size() || !tokens || !probabilities) return {};
  const auto last = static_cast<float>(config.vocab - 1);
  if (!std::ranges::all_of(*tokens, [&](float x) { return x >= 0 && x <= last && x == std::floor(x); })) return {};
  if (!std::ranges::all_of(*probabilities, [](float x) { return x <= 0 && std::isfinite(x); })) return {};
  record.tokens.assign(tokens->begin(), tokens->end());
  record.log_probabilities.assign(probabilities->begin(), probabilities->end());
  return record;
}

}  // namespace mobiedit
