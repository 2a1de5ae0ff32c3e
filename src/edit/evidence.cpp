#include "edit/evidence.h"

#include <cmath>
#include <string>
#include <vector>

#include "mobiedit/base/prompt.h"
#include "mobiedit/edit/edit.h"
#include "mobiedit/model/session.h"

namespace mobiedit {
namespace {

/// One session that answers every question of an edit.
class Questioner {
 public:
  Questioner(const Model& model, Session& session, const CancelToken& cancel)
      : model_(model), session_(session), cancel_(cancel) {}

  // The greedy answer, of at most `tokens` tokens.
  Result<std::string> answer(const std::string& prompt, int tokens) {
    session_.clear();
    if (auto s = session_.append(model_.tokenizer().encode(prompt), cancel_); !s) return std::unexpected(s.error());
    auto generated = session_.generate({.max_tokens = tokens}, {}, cancel_);
    if (!generated) return std::unexpected(generated.error());
    return generated->text;
  }

  // The whole answer's.
  Result<double> probability(const ScoredText& text) {
    const auto score = session_.score({&text, 1}, cancel_);
    if (!score) return std::unexpected(score.error());
    double sum = 0;
    for (const float x : score->front().log_probabilities) sum += x;
    return std::exp(sum);
  }

  // Answers `probes`; an answer becomes its probe's `before` or `after`.
  Status answer_all(std::vector<ProbeResult>& probes, std::string ProbeResult::* into, int tokens) {
    for (ProbeResult& probe : probes) {
      auto reply = answer(probe.prompt, tokens);
      if (!reply) return std::unexpected(reply.error());
      probe.*into = std::move(*reply);
    }
    return {};
  }

 private:
  const Model& model_;
  Session& session_;
  const CancelToken& cancel_;
};

}  // namespace

Status measure_evidence(Edit& edit, const Model& model, const ContextSet& contexts, const Changes& before,
                        const Changes& after, const SessionOptions& options, const CancelToken& cancel) {
  auto session = Session::create(model, options);
  if (!session) return std::unexpected(session.error());
  Questioner questioner(model, *session, cancel);
  EditEvidence& e = edit.evidence;
  const std::string bare = filled_prompt(edit.request.prompt, edit.request.subject);
  const int tokens = static_cast<int>(contexts.target.size());
  const std::string wanted = model.tokenizer().decode(contexts.target);
  ScoredText target{contexts.prompts.front().tokens, contexts.prompts.front().target_start + 1};
  target.tokens.push_back(contexts.target.back());

  for (const std::string& prompt : edit.request.paraphrases) e.paraphrases.push_back({prompt, {}, {}, false});
  for (const std::string& prompt : edit.request.keep) e.keep.push_back({prompt, {}, {}, false});
  for (const bool edited : {false, true}) {
    if (auto s = session->set_in_force(edited ? after : before); !s) return s;
    const auto probability = questioner.probability(target);
    if (!probability) return std::unexpected(probability.error());
    (edited ? e.target_probability_after : e.target_probability_before) = *probability;
    auto reply = questioner.answer(bare, tokens);
    if (!reply) return std::unexpected(reply.error());
    (edited ? e.answer_after : e.answer_before) = std::move(*reply);
    const auto into = edited ? &ProbeResult::after : &ProbeResult::before;
    if (auto s = questioner.answer_all(e.paraphrases, into, tokens); !s) return s;
    if (auto s = questioner.answer_all(e.keep, into, keep_tokens); !s) return s;
  }
  e.success = e.answer_after == wanted;
  for (ProbeResult& probe : e.paraphrases) probe.as_wanted = probe.after == wanted;
  for (ProbeResult& probe : e.keep) probe.as_wanted = probe.after == probe.before;
  return {};
}

}  // namespace mobiedit
