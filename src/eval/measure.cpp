#include "mobiedit/eval/measure.h"

#include <algorithm>
#include <cstddef>
#include <new>
#include <utility>
#include <vector>

#include "eval/fluency.h"
#include "eval/trim.h"
#include "mobiedit/base/prompt.h"

namespace mobiedit {
namespace {

/// Collects texts, scores them in one batch, and returns the scores in order.
class Batch {
 public:
  explicit Batch(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  void add(const std::string& prompt, const std::string& target) {
    texts_.push_back(scored_answer(tokenizer_, prompt, target));
  }
  [[nodiscard]] const std::vector<ScoredText>& texts() const { return texts_; }

 private:
  const Tokenizer& tokenizer_;
  std::vector<ScoredText> texts_;
};

double accuracy(const Score& score, const ScoredText& text) {
  const auto wanted = text.tokens.end() - static_cast<std::ptrdiff_t>(score.best.size());
  double right = 0;
  for (std::size_t i = 0; i < score.best.size(); ++i)
    if (score.best[i] == wanted[static_cast<std::ptrdiff_t>(i)]) ++right;
  return score.best.empty() ? 0 : right / static_cast<double>(score.best.size());
}

/// Hands out the scores in the order in which the texts were added.
class Scores {
 public:
  Scores(std::vector<Score> scores, const std::vector<ScoredText>& texts) : scores_(std::move(scores)), texts_(texts) {}
  const Score& next() { return scores_[used_++]; }
  /// Accuracy of the score that `next` returned last.
  [[nodiscard]] double last_accuracy() const { return accuracy(scores_[used_ - 1], texts_[used_ - 1]); }

 private:
  std::vector<Score> scores_;
  const std::vector<ScoredText>& texts_;
  std::size_t used_ = 0;
};

double mean(const Score& score) {
  double sum = 0;
  for (const float log_probability : score.log_probabilities) sum += log_probability;
  return score.log_probabilities.empty() ? 0 : sum / static_cast<double>(score.log_probabilities.size());
}

Result<FactOutcome> measure(Session& session, const Tokenizer& tokenizer, const FactRecord& fact,
                            const CancelToken& cancel) {
  const bool has_true = !fact.target_true.empty();
  Batch batch(tokenizer);
  const auto add_pair = [&](const std::string& prompt) {
    batch.add(prompt, fact.target_new);
    if (has_true) batch.add(prompt, fact.target_true);
  };
  add_pair(filled_prompt(fact.prompt, fact.subject));
  for (const std::string& paraphrase : fact.paraphrases) add_pair(paraphrase);
  for (const Neighbour& neighbour : fact.neighbours) {
    if (neighbour.target_true.empty()) continue;
    batch.add(neighbour.prompt, fact.target_new);
    batch.add(neighbour.prompt, neighbour.target_true);
  }
  for (const Neighbour& follows : fact.portability) batch.add(follows.prompt, follows.target_true);

  auto scored = session.score(batch.texts(), cancel);
  if (!scored) return std::unexpected(scored.error());
  Scores scores(std::move(*scored), batch.texts());

  FactOutcome outcome;
  // Greedy generation gives the target exactly if each of its tokens is the most probable one.
  const Score& rewrite_new = scores.next();
  outcome.exact = rewrite_new.greedy;
  outcome.rewrite_accuracy = scores.last_accuracy();
  if (has_true) {
    const Score& rewrite_true = scores.next();
    outcome.knows_true = rewrite_true.greedy;
    outcome.rewrite = AnswerPair{mean(rewrite_new), mean(rewrite_true)};
  }
  for (std::size_t i = 0; i < fact.paraphrases.size(); ++i) {
    const Score& target_new = scores.next();
    outcome.paraphrase_exact.push_back(target_new.greedy);
    outcome.paraphrase_accuracy.push_back(scores.last_accuracy());
    if (has_true) outcome.paraphrases.push_back({mean(target_new), mean(scores.next())});
  }
  for (const Neighbour& neighbour : fact.neighbours) {
    if (neighbour.target_true.empty()) continue;
    const double target_new = mean(scores.next());
    const Score& target_true = scores.next();
    outcome.neighbours.push_back({target_new, mean(target_true)});
    outcome.neighbour_tokens.emplace_back(target_true.best.begin(), target_true.best.end());
  }
  for (std::size_t i = 0; i < fact.portability.size(); ++i) {
    scores.next();
    outcome.portability.push_back(scores.last_accuracy());
  }
  if (!fact.generation.empty()) {
    const auto varied = fluency(session, tokenizer, fact.generation, cancel);
    if (!varied) return std::unexpected(varied.error());
    outcome.fluency = *varied;
  }
  return outcome;
}

}  // namespace

std::string trimmed(std::string_view text) {
  return std::string(trim(text));
}

ScoredText scored_answer(const Tokenizer& tokenizer, const std::string& prompt, const std::string& target) {
  const auto head = tokenizer.encode(prompt);
  ScoredText text;
  text.tokens = tokenizer.encode(prompt + " " + target);
  const auto [differs, ignored] = std::ranges::mismatch(text.tokens, head);
  // Scoring needs a token before the first scored one.
  const auto common = static_cast<std::ptrdiff_t>(differs - text.tokens.begin());
  const auto last = static_cast<std::ptrdiff_t>(text.tokens.size()) - 1;
  text.first = static_cast<int>(std::max<std::ptrdiff_t>(1, std::min(common, last)));
  return text;
}

Result<std::string> greedy_answer(Session& session, const Tokenizer& tokenizer, const std::string& prompt,
                                  const std::string& target, const CancelToken& cancel) try {
  const ScoredText expected = scored_answer(tokenizer, prompt, target);
  session.clear();
  // Generates from the tokens before the answer, as the scores do.
  const auto head = std::span(expected.tokens).first(static_cast<std::size_t>(expected.first));
  if (auto read = session.append(head, cancel); !read) return std::unexpected(read.error());
  GenerateOptions options;
  options.max_tokens = static_cast<int>(expected.tokens.size()) - expected.first;
  auto generation = session.generate(options, {}, cancel);
  if (!generation) return std::unexpected(generation.error());
  return trimmed(generation->text);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to generate");
}

Result<FactOutcome> measure_fact(Session& session, const Tokenizer& tokenizer, const FactRecord& fact,
                                 const CancelToken& cancel) try {
  auto outcome = measure(session, tokenizer, fact, cancel);
  if (!outcome && outcome.error().where.empty()) outcome.error().where = fact.where;
  return outcome;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to measure the fact", fact.where);
}

void compare_neighbours(const FactOutcome& before, FactOutcome& after) {
  after.locality.clear();
  for (std::size_t i = 0; i < std::min(before.neighbour_tokens.size(), after.neighbour_tokens.size()); ++i) {
    const std::vector<int>&was = before.neighbour_tokens[i], &is = after.neighbour_tokens[i];
    if (was.empty() || was.size() != is.size()) continue;
    double same = 0;
    for (std::size_t t = 0; t < was.size(); ++t)
      if (was[t] == is[t]) ++same;
    after.locality.push_back(same / static_cast<double>(was.size()));
  }
}

Result<std::vector<FactRecord>> known_facts(Session& session, const Tokenizer& tokenizer,
                                            std::span<const FactRecord> facts, const CancelToken& cancel) try {
  std::vector<FactRecord> known;
  for (const FactRecord& fact : facts) {
    if (fact.target_true.empty()) continue;
    const ScoredText answer = scored_answer(tokenizer, filled_prompt(fact.prompt, fact.subject), fact.target_true);
    const auto score = session.score({&answer, 1}, cancel);
    if (!score) return std::unexpected(score.error());
    if (score->front().greedy) known.push_back(fact);
  }
  return known;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to ask for the facts");
}

}  // namespace mobiedit
