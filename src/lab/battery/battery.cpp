#include "lab/battery/battery.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <utility>

#include "base/stopwatch.h"
#include "lab/battery/judge.h"
#include "mobiedit/eval/measure.h"
#include "mobiedit/eval/perplexity.h"

namespace mobiedit {
namespace {

constexpr std::size_t asks_at_once = 512;  // asks between two reports of progress
constexpr std::size_t texts_at_once = 32;

/// The record with what measure_fact is to score, and nothing else.
FactRecord scored_part(FactRecord fact) {
  fact.portability.clear();
  fact.generation.clear();
  return fact;
}

bool in_chat(AskKind kind) {
  return kind >= AskKind::own_words;
}

}  // namespace

void Battery::tell(std::string_view part, std::size_t done, std::size_t all) const {
  if (options_.progress) options_.progress(part, done, all);
}

Result<std::vector<FactOutcome>> Battery::scored(Session& session, bool fact_in_prompt,
                                                 const CancelToken& cancel) const {
  std::vector<FactOutcome> outcomes;
  for (std::size_t i = 0; i < facts_.size(); ++i) {
    if (i % texts_at_once == 0) tell("probabilities", i, facts_.size());
    const FactRecord part = scored_part(facts_[i]);
    auto outcome =
        measure_fact(session, model_.tokenizer(), fact_in_prompt ? mobiedit::with_fact_in_prompt(part) : part, cancel);
    if (!outcome) return std::unexpected(outcome.error());
    outcome->paraphrase_exact.clear();  // the judge counts what is freely generated
    outcomes.push_back(std::move(*outcome));
  }
  return outcomes;
}

/// Answers in order of the asks; empty ones where the verdict counts for nothing, unless `all` are wanted.
Result<std::vector<Generation>> Battery::answers(Session& session, std::span<const Ask> asks, bool all,
                                                 const CancelToken& cancel) const {
  std::vector<Generation> answers(asks.size());
  std::vector<GenerationPrompt> prompts;
  std::vector<std::size_t> places;
  const auto flush = [&]() -> Status {
    auto said = session.continue_all(prompts, cancel);
    if (!said) return std::unexpected(said.error());
    for (std::size_t i = 0; i < places.size(); ++i) answers[places[i]] = std::move((*said)[i]);
    prompts.clear();
    places.clear();
    return {};
  };
  for (std::size_t i = 0; i < asks.size(); ++i) {
    // Prompts in chat begin alike; their beginning is read once in a batch that has no others.
    const bool other_sort = i > 0 && in_chat(asks[i].kind) != in_chat(asks[i - 1].kind);
    if (prompts.size() == asks_at_once || other_sort) {
      tell("answers", i, asks.size());
      if (auto done = flush(); !done) return std::unexpected(done.error());
    }
    if (!all && !counts(asks[i], facts_[asks[i].fact], base_answers_[i])) continue;
    prompts.push_back(asks[i].prompt);
    places.push_back(i);
  }
  if (auto done = flush(); !done) return std::unexpected(done.error());
  return answers;
}

Result<std::optional<double>> Battery::own_words_perplexity(Session& session, std::span<const Ask> asks,
                                                            const CancelToken& cancel) const {
  std::vector<ScoredText> texts;
  for (std::size_t i = 0; i < asks.size(); ++i) {
    const std::vector<Token>& own = base_answers_[i].tokens;
    if (asks[i].kind != AskKind::own_words || own.empty()) continue;
    ScoredText text{asks[i].prompt.tokens, static_cast<int>(asks[i].prompt.tokens.size())};
    const auto length = std::min<std::size_t>(own.size(), own_words_scored);
    text.tokens.insert(text.tokens.end(), own.begin(), own.begin() + static_cast<std::ptrdiff_t>(length));
    texts.push_back(std::move(text));
  }
  double sum = 0;
  std::size_t count = 0;
  for (std::size_t first = 0; first < texts.size(); first += texts_at_once) {
    tell("own words", first, texts.size());
    const auto some = std::span(texts).subspan(first, std::min(texts_at_once, texts.size() - first));
    const auto scores = session.score(some, cancel);
    if (!scores) return std::unexpected(scores.error());
    for (const Score& score : *scores) {
      for (const float x : score.log_probabilities) sum += x;
      count += score.log_probabilities.size();
    }
  }
  if (count == 0) return std::nullopt;
  return std::exp(-sum / static_cast<double>(count));
}

/// Scores and judges. `said` are the answers to the asks.
Result<BatteryState> Battery::assess(Session& session, std::span<const Ask> asks, std::span<const Generation> said,
                                     bool fact_in_prompt, const CancelToken& cancel) const {
  BatteryState state;
  auto outcomes = scored(session, fact_in_prompt, cancel);
  if (!outcomes) return std::unexpected(outcomes.error());
  state.outcomes = std::move(*outcomes);
  for (std::size_t i = 0; i < asks.size(); ++i)
    judge(asks[i], facts_[asks[i].fact], base_answers_[i], said[i], state.outcomes[asks[i].fact]);
  const auto own = own_words_perplexity(session, asks, cancel);
  if (!own) return std::unexpected(own.error());
  state.own_words_perplexity = *own;
  // Running text has no prompt that a fact could stand in.
  state.perplexity = unedited_.perplexity;
  if (fact_in_prompt || options_.running_text.empty()) return state;
  tell("running text", 0, 1);
  const auto found = perplexity(session, model_.tokenizer(), options_.running_text, cancel, options_.running_tokens);
  if (!found) return std::unexpected(found.error());
  state.perplexity = *found;
  return state;
}

Result<BatteryState> Battery::measured(Session& session, bool fact_in_prompt, const CancelToken& cancel) const {
  const Stopwatch watch;
  const auto asks = asks_of(facts_, model_.tokenizer(), {chat_ ? &*chat_ : nullptr, fact_in_prompt});
  if (!asks) return std::unexpected(asks.error());
  const auto said = answers(session, *asks, false, cancel);
  if (!said) return std::unexpected(said.error());
  auto state = assess(session, *asks, *said, fact_in_prompt, cancel);
  if (state) state->seconds = watch.seconds();
  return state;
}

Result<Battery> Battery::begin(const Model& model, std::span<const FactRecord> facts, Session& session,
                               BatteryOptions options, const CancelToken& cancel) try {
  const Stopwatch watch;
  auto chat = ChatFormat::find(model);
  if (!chat) return std::unexpected(chat.error());
  Battery battery(model, facts, std::move(options));
  battery.chat_ = std::move(*chat);
  const auto asks = asks_of(facts, model.tokenizer(), {battery.chat_ ? &*battery.chat_ : nullptr, false});
  if (!asks) return std::unexpected(asks.error());
  auto said = battery.answers(session, *asks, true, cancel);
  if (!said) return std::unexpected(said.error());
  battery.base_answers_ = std::move(*said);
  auto state = battery.assess(session, *asks, battery.base_answers_, false, cancel);
  if (!state) return std::unexpected(state.error());
  battery.unedited_ = std::move(*state);
  battery.unedited_.seconds = watch.seconds();
  return battery;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the battery");
}

Result<BatteryState> Battery::with_edits(Session& session, const CancelToken& cancel) const try {
  return measured(session, false, cancel);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the battery");
}

Result<BatteryState> Battery::with_fact_in_prompt(Session& session, const CancelToken& cancel) const try {
  return measured(session, true, cancel);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the battery");
}

}  // namespace mobiedit
