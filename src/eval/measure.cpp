#include "mobiedit/eval/measure.h"

#include <algorithm>
#include <cstddef>
#include <new>
#include <utility>
#include <vector>

#include "eval/trim.h"

namespace mobiedit {
namespace {

constexpr std::string_view placeholder = "{}";

/// Collects texts to score in one go and remembers which is which.
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

/// Hands out the scores in the order in which the texts were added.
class Scores {
 public:
  explicit Scores(std::vector<Score> scores) : scores_(std::move(scores)) {}
  const Score& next() { return scores_[used_++]; }

 private:
  std::vector<Score> scores_;
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

  auto scored = session.score(batch.texts(), cancel);
  if (!scored) return std::unexpected(scored.error());
  Scores scores(std::move(*scored));

  FactOutcome outcome;
  // That each token of the target is the most probable one is what greedy generation of it means.
  const Score& rewrite_new = scores.next();
  outcome.exact = rewrite_new.greedy;
  if (has_true) outcome.rewrite = AnswerPair{mean(rewrite_new), mean(scores.next())};
  for (std::size_t i = 0; i < fact.paraphrases.size(); ++i) {
    const Score& target_new = scores.next();
    outcome.paraphrase_exact.push_back(target_new.greedy);
    if (has_true) outcome.paraphrases.push_back({mean(target_new), mean(scores.next())});
  }
  for (const Neighbour& neighbour : fact.neighbours) {
    if (neighbour.target_true.empty()) continue;
    const double target_new = mean(scores.next());
    outcome.neighbours.push_back({target_new, mean(scores.next())});
  }
  return outcome;
}

}  // namespace

std::string filled_prompt(std::string_view prompt, std::string_view subject) {
  std::string filled(prompt);
  if (const auto at = filled.find(placeholder); at != std::string::npos) {
    filled.replace(at, placeholder.size(), subject);
  }
  return filled;
}

std::string trimmed(std::string_view text) {
  return std::string(trim(text));
}

ScoredText scored_answer(const Tokenizer& tokenizer, const std::string& prompt, const std::string& target) {
  const auto head = tokenizer.encode(prompt);
  ScoredText text;
  text.tokens = tokenizer.encode(prompt + " " + target);
  const auto [differs, ignored] = std::ranges::mismatch(text.tokens, head);
  // There must be a token before the first that is scored, and one to score.
  const auto common = static_cast<std::ptrdiff_t>(differs - text.tokens.begin());
  const auto last = static_cast<std::ptrdiff_t>(text.tokens.size()) - 1;
  text.first = static_cast<int>(std::max<std::ptrdiff_t>(1, std::min(common, last)));
  return text;
}

Result<std::string> greedy_answer(Session& session, const Tokenizer& tokenizer, const std::string& prompt,
                                  const std::string& target, const CancelToken& cancel) try {
  const ScoredText expected = scored_answer(tokenizer, prompt, target);
  session.clear();
  // From the same tokens as the scores: those before the answer.
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

}  // namespace mobiedit
