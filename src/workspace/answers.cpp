#include "workspace/answers.h"

#include <cmath>
#include <string>
#include <utility>

#include "edit/evidence.h"
#include "mobiedit/base/prompt.h"
#include "mobiedit/eval/measure.h"

namespace mobiedit {
namespace {

ScoredText question_of(const Tokenizer& tokenizer, const EditRequest& request) {
  return scored_answer(tokenizer, filled_prompt(request.prompt, request.subject), trimmed(request.target_new));
}

Result<std::string> reply(Session& session, const Tokenizer& tokenizer, const std::string& prompt, int tokens,
                          const CancelToken& cancel) {
  session.clear();
  if (auto read = session.append(tokenizer.encode(prompt), cancel); !read) return std::unexpected(read.error());
  auto generated = session.generate({.max_tokens = tokens}, {}, cancel);
  if (!generated) return std::unexpected(generated.error());
  return std::move(generated->text);
}

}  // namespace

Result<std::vector<bool>> answering(Session& session, const Tokenizer& tokenizer, const EditList& asked,
                                    const CancelToken& cancel) {
  std::vector<ScoredText> texts;
  texts.reserve(asked.size());
  for (const Edit* edit : asked) texts.push_back(question_of(tokenizer, edit->request));
  const auto scores = session.score(texts, cancel);
  if (!scores) return std::unexpected(scores.error());
  std::vector<bool> answers;
  for (const Score& score : *scores) answers.push_back(score.greedy);
  return answers;
}

Result<std::vector<bool>> answering_with(Session& session, const Tokenizer& tokenizer, const EditList& in_force,
                                         const EditList& asked, const CancelToken& cancel) {
  if (asked.empty()) return std::vector<bool>();
  auto changes = changes_of(in_force);
  if (!changes) return std::unexpected(changes.error());
  if (auto set = session.set_in_force(std::move(*changes)); !set) return std::unexpected(set.error());
  return answering(session, tokenizer, asked, cancel);
}

Status measure_again(Session& session, const Tokenizer& tokenizer, Edit& edit, const CancelToken& cancel) {
  EditEvidence& evidence = edit.evidence;
  const ScoredText question = question_of(tokenizer, edit.request);
  const auto scores = session.score({&question, 1}, cancel);
  if (!scores) return std::unexpected(scores.error());
  const std::vector<float>& log_probabilities = scores->front().log_probabilities;
  double sum = 0;
  for (const float x : log_probabilities) sum += x;
  evidence.target_probability_after = std::exp(sum);
  evidence.success = scores->front().greedy;

  const int tokens = static_cast<int>(log_probabilities.size());
  const std::string prompt = filled_prompt(edit.request.prompt, edit.request.subject);
  auto answer = reply(session, tokenizer, prompt, tokens, cancel);
  if (!answer) return std::unexpected(answer.error());
  evidence.answer_after = std::move(*answer);
  for (ProbeResult& probe : evidence.paraphrases) {
    auto after = reply(session, tokenizer, probe.prompt, tokens, cancel);
    if (!after) return std::unexpected(after.error());
    probe.after = std::move(*after);
    probe.as_wanted = trimmed(probe.after) == trimmed(edit.request.target_new);
  }
  for (ProbeResult& probe : evidence.keep) {
    auto after = reply(session, tokenizer, probe.prompt, keep_tokens, cancel);
    if (!after) return std::unexpected(after.error());
    probe.after = std::move(*after);
    probe.as_wanted = probe.after == probe.before;
  }
  return {};
}

}  // namespace mobiedit
