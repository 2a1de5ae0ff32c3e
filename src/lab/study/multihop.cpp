#include "lab/study/multihop.h"

#include <algorithm>
#include <cctype>
#include <new>
#include <utility>
#include <vector>

#include "eval/trim.h"
#include "lab/study/fact_edits.h"
#include "mobiedit/base/prompt.h"
#include "mobiedit/eval/measure.h"

namespace mobiedit {
namespace {

class Measurement {
 public:
  Measurement(Session& session, const Tokenizer& tokenizer, const CancelToken& cancel)
      : session_(session), tokenizer_(tokenizer), cancel_(cancel) {}

  /// For both lists of answers: true if any wording yields one. Generates once per wording.
  struct Yields {
    bool now = false, old = false;
  };
  Result<Yields> ask(const Question& question) {
    Yields yields;
    int tokens = 1;
    for (const auto* answers : {&question.answers, &question.answers_old})
      for (const std::string& answer : *answers)
        tokens = std::max(tokens, static_cast<int>(tokenizer_.encode(" " + answer).size()));
    for (const std::string& wording : question.wordings) {
      auto text = generate(wording.ends_with('?') ? "Question: " + wording + "\nAnswer:" : wording, tokens);
      if (!text) return std::unexpected(text.error());
      yields.now = yields.now || gives_answer(*text, question.answers);
      yields.old = yields.old || gives_answer(*text, question.answers_old);
    }
    return yields;
  }

  struct Shares {
    double now = 0, old = 0;
  };
  Result<Shares> ask(std::span<const Question> questions) {
    Shares shares;
    for (const Question& question : questions) {
      const auto yields = ask(question);
      if (!yields) return std::unexpected(yields.error());
      shares.now += yields->now ? 1.0 / static_cast<double>(questions.size()) : 0;
      shares.old += yields->old ? 1.0 / static_cast<double>(questions.size()) : 0;
    }
    return shares;
  }

  /// Returns true if the edit's own prompt gives `target`.
  Result<bool> gives(const FactRecord& edit, const std::string& target) {
    if (target.empty()) return false;
    const ScoredText text = scored_answer(tokenizer_, filled_prompt(edit.prompt, edit.subject), target);
    const auto score = session_.score({&text, 1}, cancel_);
    if (!score) return std::unexpected(score.error());
    return score->front().greedy;
  }

 private:
  Result<std::string> generate(const std::string& prompt, int tokens) {
    session_.clear();
    if (auto read = session_.append(tokenizer_.encode(prompt), cancel_); !read) return std::unexpected(read.error());
    GenerateOptions options;
    options.max_tokens = tokens;
    auto generation = session_.generate(options, {}, cancel_);
    if (!generation) return std::unexpected(generation.error());
    return std::move(generation->text);
  }

  Session& session_;
  const Tokenizer& tokenizer_;
  const CancelToken& cancel_;
};

Result<std::vector<Update>> write_case(Editor& editor, std::span<const FactRecord> edits, bool together,
                                       MultihopOutcome& outcome, const EditProgressFn& progress,
                                       const CancelToken& cancel) {
  std::vector<Edit> found;
  std::vector<Update> updates;
  for (const FactRecord& fact : edits) {
    auto edit = editor.edit(request_of(fact), progress, cancel);
    if (!edit) return std::unexpected(edit.error());
    outcome.evaluations += edit->evidence.evaluations;
    if (together) {
      found.push_back(std::move(*edit));
      continue;
    }
    updates.push_back(edit->update);
    if (auto kept = editor.preserve(edit->request, edit->update, edit->evidence.wordings); !kept)
      return std::unexpected(kept.error());
  }
  if (!together) return updates;
  const auto written = editor.mass_edit(found, {}, cancel);
  if (!written) return std::unexpected(written.error());
  return std::vector<Update>(written->begin(), written->end());
}

Result<MultihopOutcome> measure(Editor& editor, Session& session, const Tokenizer& tokenizer, const FactRecord& record,
                                const MultihopOptions& options, const EditProgressFn& progress,
                                const CancelToken& cancel) {
  std::vector<FactRecord> edits{record};
  edits.insert(edits.end(), record.further.begin(), record.further.end());
  MultihopOutcome outcome;
  outcome.edits = static_cast<int>(edits.size());
  Measurement measurement(session, tokenizer, cancel);
  const auto before = measurement.ask(record.questions);
  if (!before) return std::unexpected(before.error());
  outcome.before = before->now;
  outcome.old_before = before->old;
  outcome.known = true;
  for (const FactRecord& edit : edits) {
    const auto known = measurement.gives(edit, edit.target_true);
    if (!known) return std::unexpected(known.error());
    outcome.known = outcome.known && *known;
  }

  const auto updates = write_case(editor, edits, options.together, outcome, progress, cancel);
  if (!updates) return std::unexpected(updates.error());
  if (auto set = session.set_in_force(changes_of(*updates)); !set) return std::unexpected(set.error());
  for (const FactRecord& edit : edits) {
    const auto given = measurement.gives(edit, edit.target_new);
    if (!given) return std::unexpected(given.error());
    outcome.recall += *given ? 1.0 / outcome.edits : 0;
  }
  const auto after = measurement.ask(record.questions);
  if (!after) return std::unexpected(after.error());
  outcome.answered = after->now;
  outcome.old_answers = after->old;
  return outcome;
}

}  // namespace

bool gives_answer(std::string_view generated, std::span<const std::string> answers) {
  const std::string_view text = trim(generated);
  return std::ranges::any_of(answers, [&](const std::string& answer) {
    if (answer.empty() || !text.starts_with(answer)) return false;
    return text.size() == answer.size() || !std::isalnum(static_cast<unsigned char>(text[answer.size()]));
  });
}

Result<MultihopOutcome> measure_multihop(Editor& editor, Session& session, const Tokenizer& tokenizer,
                                         const FactRecord& record, const MultihopOptions& options,
                                         const EditProgressFn& progress, const CancelToken& cancel) try {
  if (auto set = session.set_in_force({}); !set) return std::unexpected(set.error());
  if (auto set = editor.set_in_force({}); !set) return std::unexpected(set.error());
  auto outcome = measure(editor, session, tokenizer, record, options, progress, cancel);
  if (auto set = session.set_in_force({}); !set) return std::unexpected(set.error());
  if (auto set = editor.set_in_force({}); !set) return std::unexpected(set.error());
  if (!outcome) return std::unexpected(at(record, outcome.error()));
  return outcome;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory for the case", record.where);
}

}  // namespace mobiedit
