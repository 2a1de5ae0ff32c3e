#include "workspace/gauge/damage_gauge.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <new>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "backend/continue_greedily.h"
#include "base/try.h"
#include "edit/statistics/cache.h"
#include "edit/statistics/chat_prompts.h"
#include "kernels/vector_ops.h"
#include "workspace/gauge/held_back.h"
#include "workspace/gauge/loops.h"

namespace mobiedit {
namespace {

constexpr int answer_limit = 40;  // tokens
constexpr std::size_t rows_at_once = 256;
constexpr std::size_t logit_rows = 16;
constexpr float no_probability = -1000;  // log-probability of a token that only fills up a list
constexpr double smallest_rest = 1e-6;   // probability of all other tokens: below it float32 has no digits left
constexpr std::uint32_t record_version = 1;

std::size_t shared_beginning(std::span<const GaugeRow> rows) {
  if (rows.empty()) return 0;
  const std::vector<Token>& first = rows.front().tokens;
  std::size_t shared = first.size();
  for (const GaugeRow& row : rows) {
    const auto differ = std::ranges::mismatch(std::span(first).first(std::min(shared, first.size())), row.tokens);
    shared = static_cast<std::size_t>(differ.in1 - std::span(first).begin());
  }
  return shared;
}

/// Rows of the questions, without answers, and then of the paragraphs.
GaugeRecord record_of(const Model& model, std::vector<std::vector<Token>> prompts) {
  GaugeRecord record;
  record.turns = prompts.size();
  for (std::vector<Token>& prompt : prompts) {
    GaugeRow& row = record.rows.emplace_back();
    row.tokens = std::move(prompt);
    row.answer = static_cast<int>(row.tokens.size());
  }
  // The template's words before each question are alike in all rows.
  const std::size_t shared = record.rows.size() > 1 ? shared_beginning(record.rows) : 0;
  for (GaugeRow& row : record.rows) row.first = std::max(0, static_cast<int>(shared) - 1);
  for (const std::string_view paragraph : held_back_paragraphs()) {
    GaugeRow& row = record.rows.emplace_back();
    row.tokens = model.tokenizer().encode(paragraph);
    row.tokens.resize(std::min(row.tokens.size(), static_cast<std::size_t>(model.config().context)));
    row.answer = static_cast<int>(row.tokens.size());
  }
  return record;
}

using LogitsWork = std::function<void(std::size_t row, int position, std::span<const float> logits)>;

/// Calls `work` for each compared position of the rows, in their order.
Status each_place(ForwardPass& forward, const PassOptions& pass, const GaugeRecord& record, const LogitsWork& work,
                  const CancelToken& cancel) {
  const ModelConfig& c = forward.config();
  const auto d = static_cast<std::size_t>(c.d), vocab = static_cast<std::size_t>(c.vocab);
  std::vector<float> residual, logits(logit_rows * vocab);
  const auto read = [&](std::span<const Token> tokens, std::span<const BatchSequence> sequences,
                        std::span<const int> outputs) {
    residual.resize(tokens.size() * d);
    forward.embed(tokens, residual);
    forward.run_layers({0, c.layers}, residual, sequences, pass.with_outputs(outputs));
  };
  // Turns begin alike: their beginning is read once.
  KvCache beginning;
  int shared = 0;
  if (record.turns > 1 && record.rows.front().first > 0) {
    shared = record.rows.front().first;
    beginning = KvCache(0, c.layers, c.kv_size(), shared);
    const BatchSequence sequence{nullptr, 0, shared, &beginning};
    const int last = shared - 1;
    read(std::span(record.rows.front().tokens).first(static_cast<std::size_t>(shared)), {&sequence, 1}, {&last, 1});
  }
  for (std::size_t begin = 0, end = 0; begin < record.rows.size(); begin = end) {
    if (cancel.requested()) return fail(ErrorCode::cancelled, "stopped");
    std::vector<Token> tokens;
    std::vector<BatchSequence> sequences;
    std::vector<int> outputs;
    std::vector<std::pair<std::size_t, int>> places;
    for (; end < record.rows.size(); ++end) {
      const GaugeRow& row = record.rows[end];
      if (end > begin && tokens.size() + row.tokens.size() > rows_at_once) break;
      const int skipped = end < record.turns ? shared : 0;
      if (row.end() <= row.first) continue;
      const auto base = static_cast<int>(tokens.size());
      tokens.insert(tokens.end(), row.tokens.begin() + skipped, row.tokens.end() - 1);
      sequences.push_back({skipped > 0 ? &beginning : nullptr, skipped, row.end() - skipped, nullptr});
      for (int position = row.first; position < row.end(); ++position) {
        outputs.push_back(base + position - skipped);
        places.emplace_back(end, position);
      }
    }
    if (tokens.empty()) continue;
    read(tokens, sequences, outputs);
    for (std::size_t at = 0; at < places.size(); at += logit_rows) {
      const std::size_t count = std::min(logit_rows, places.size() - at);
      forward.logits(std::span(residual).subspan(at * d, count * d), logits, pass);
      for (std::size_t i = 0; i < count; ++i)
        work(places[at + i].first, places[at + i].second, std::span(logits).subspan(i * vocab, vocab));
    }
  }
  return {};
}

void note_likeliest(std::span<const float> logits, GaugeRecord& record) {
  const std::size_t k = std::min(GaugeRecord::likeliest, logits.size());
  std::vector<Token> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(k), [&](Token a, Token b) {
    const float x = logits[static_cast<std::size_t>(a)], y = logits[static_cast<std::size_t>(b)];
    return x != y ? x > y : a < b;
  });
  const float sum = kernels::log_sum_exp(logits);
  for (std::size_t i = 0; i < GaugeRecord::likeliest; ++i) {
    // A vocabulary smaller than the list fills it up with a token of next to no probability.
    record.tokens.push_back(static_cast<float>(order[std::min(i, k - 1)]));
    record.log_probabilities.push_back(i < k ? std::min(0.0f, logits[static_cast<std::size_t>(order[i])] - sum)
                                             : no_probability);
  }
}

/// KL(base || now) over the base's likeliest tokens and, as one event, all the others: a lower bound of the whole KL.
double divergence_at(std::size_t place, std::span<const float> logits, const GaugeRecord& record) {
  const float sum = kernels::log_sum_exp(logits);
  double total = 0, base_rest = 1, now_rest = 1;
  for (std::size_t i = 0; i < GaugeRecord::likeliest; ++i) {
    const std::size_t at = place * GaugeRecord::likeliest + i;
    const double before = record.log_probabilities[at];
    const double now = logits[static_cast<std::size_t>(record.tokens[at])] - sum;
    total += std::exp(before) * (before - now);
    base_rest -= std::exp(before);
    if (before > no_probability) now_rest -= std::exp(now);
  }
  base_rest = std::max(base_rest, smallest_rest);
  now_rest = std::max(now_rest, smallest_rest);
  const double divergence = total + base_rest * std::log(base_rest / now_rest);
  // Logits that are no numbers come from a model that computes nothing any more.
  return std::isnan(divergence) ? std::numeric_limits<double>::infinity() : std::max(0.0, divergence);
}

struct Mean {
  double sum = 0;
  std::size_t count = 0;
  void add(double x) {
    sum += x;
    ++count;
  }
  [[nodiscard]] double value() const { return count > 0 ? sum / static_cast<double>(count) : 0; }
};

Status compare(ForwardPass& forward, const PassOptions& pass, const GaugeRecord& record, Damage& damage,
               const CancelToken& cancel) {
  Mean turns, answers, text;
  std::size_t place = 0;
  MOBIEDIT_CHECK(each_place(
      forward, pass, record,
      [&](std::size_t row, int position, std::span<const float> logits) {
        Mean& mean = row >= record.turns ? text : position + 1 >= record.rows[row].answer ? answers : turns;
        mean.add(divergence_at(place++, logits, record));
      },
      cancel));
  damage.chat_turns = turns.value();
  damage.chat_answers = answers.value();
  damage.text = text.value();
  return {};
}

/// The questions, without the base's answers.
std::vector<GenerationPrompt> prompts_of(const GaugeRecord& record) {
  std::vector<GenerationPrompt> prompts;
  for (const GaugeRow& row : std::span(record.rows).first(record.turns))
    prompts.push_back({{row.tokens.begin(), row.tokens.begin() + row.answer}, answer_limit});
  return prompts;
}

Result<GaugeRecord> measure_base(const Model& model, ForwardPass& forward, const CancelToken& cancel) {
  MOBIEDIT_TRY(auto turns, chat_prompts(model, held_back_questions()));
  GaugeRecord record = record_of(model, std::move(turns.prompts));
  MOBIEDIT_TRY(const auto answers,
               continue_greedily(forward, {}, model.tokenizer(), prompts_of(record), model.config().context, cancel));
  const auto longest = static_cast<std::size_t>(model.config().context);
  for (std::size_t i = 0; i < record.turns; ++i) {
    std::vector<Token>& tokens = record.rows[i].tokens;
    tokens.insert(tokens.end(), answers[i].tokens.begin(), answers[i].tokens.end());
    if (answers[i].end) tokens.push_back(*answers[i].end);
    tokens.resize(std::min(tokens.size(), longest));
    record.looping += ends_in_a_loop(answers[i].tokens) ? 1 : 0;
    record.endless += answers[i].end ? 0 : 1;
  }
  MOBIEDIT_CHECK(each_place(
      forward, {}, record, [&](std::size_t, int, std::span<const float> logits) { note_likeliest(logits, record); },
      cancel));
  return record;
}

std::string rows_fingerprint(const Model& model) {
  std::string all;
  for (const std::string_view question : held_back_questions()) all.append(question) += '\n';
  for (const std::string_view paragraph : held_back_paragraphs()) all.append(paragraph) += '\n';
  if (const auto format = model.file().string("tokenizer.chat_template"); format && *format) all += **format;
  return text_fingerprint(all);
}

/// Tokens that a row's answer shares with `now` at its beginning.
std::size_t shared_answer(const GaugeRow& row, const std::vector<Token>& now) {
  const auto before = std::span(row.tokens).subspan(static_cast<std::size_t>(row.answer));
  return static_cast<std::size_t>(std::ranges::mismatch(before, now).in1 - before.begin());
}

}  // namespace

Result<DamageGauge> DamageGauge::create(const Model& model, ForwardPass& forward,
                                        const std::filesystem::path& cache_folder, const CancelToken& cancel) try {
  const StatisticsCache cache(cache_folder);
  const StatisticsKey key{.kind = "damage-gauge",
                          .version = record_version,
                          .model = model.fingerprint(),
                          .layer = -1,
                          .text = rows_fingerprint(model),
                          .active_edits = {}};
  if (const auto file = cache.find(key))
    if (auto record = GaugeRecord::from_file(*file, model.config())) return DamageGauge(model, std::move(*record));
  MOBIEDIT_TRY(auto record, measure_base(model, forward, cancel));
  gguf::Writer values;
  record.add_to(values);
  MOBIEDIT_CHECK(cache.put(key, values));
  return DamageGauge(model, std::move(record));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the damage gauge");
}

Result<Damage> DamageGauge::measure(ForwardPass& forward, const PassOptions& in_force, const CancelToken& cancel) const
    try {
  Damage damage;
  MOBIEDIT_CHECK(compare(forward, in_force, record_, damage, cancel));
  return damage;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to measure the edits' damage");
}

Status DamageGauge::answer(ForwardPass& forward, const PassOptions& in_force, Damage& damage,
                           const CancelToken& cancel) const try {
  MOBIEDIT_TRY(const auto answers, continue_greedily(forward, in_force, model_->tokenizer(), prompts_of(record_),
                                                     model_->config().context, cancel));
  damage.answers = static_cast<int>(answers.size());
  damage.looping_before = record_.looping;
  damage.endless_before = record_.endless;
  damage.looping = damage.endless = 0;
  std::optional<std::size_t> changed;  // the answer that departs from the base's after the fewest tokens
  std::size_t first_change = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    damage.looping += ends_in_a_loop(answers[i].tokens) ? 1 : 0;
    damage.endless += answers[i].end ? 0 : 1;
    const std::size_t shared = shared_answer(record_.rows[i], answers[i].tokens);
    if (shared == answers[i].tokens.size() || (changed && shared >= first_change)) continue;
    changed = i;
    first_change = shared;
  }
  const auto questions = held_back_questions();
  if (!changed || questions.size() != record_.turns) return {};
  const GaugeRow& row = record_.rows[*changed];
  damage.changed = {std::string(questions[*changed]),
                    model_->tokenizer().decode(std::span(row.tokens).subspan(static_cast<std::size_t>(row.answer))),
                    model_->tokenizer().decode(answers[*changed].tokens)};
  return {};
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to measure the edits' damage");
}

}  // namespace mobiedit
