#include "workspace/answers_in_words.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/try.h"
#include "edit/chat_format.h"
#include "edit/wordings/relations.h"
#include "eval/answer_text.h"
#include "mobiedit/base/prompt.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/eval/measure.h"

namespace mobiedit {
namespace {

// The search reads this many other statements of a fact's relation, and one question: later ones are new to it.
constexpr int read_statements = NeuronOptions().statements, read_questions = 1;
constexpr int new_statements = 2;
constexpr int words_after_target = 8, longest_chat_answer = 40;  // tokens
// Stands before the statement where its relation has no other wordings.
constexpr const char* sentence_before = "I looked it up again yesterday. ";

/// The last `most` of a list of which the search read the first `read`; those before them where no more are left.
std::vector<std::string> newest(std::vector<std::string> all, int read, int most) {
  const std::size_t from =
      std::max(static_cast<std::ptrdiff_t>(0), std::min(static_cast<std::ptrdiff_t>(read), std::ssize(all) - most));
  all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(from));
  all.resize(std::min(all.size(), static_cast<std::size_t>(most)));
  return all;
}

std::string chat_question_of(const EditRequest& request) {
  if (!request.question.empty()) return request.question;
  const auto known = newest(chat_questions(request.prompt, request.subject, read_questions + 1), read_questions, 1);
  return known.empty() ? completion_question(request.prompt, request.subject)
                       : filled_prompt(known.front(), request.subject);
}

/// The answers to fill in, without what the model says.
std::vector<AnswerInWords> asks_of(const EditRequest& request, bool chat) {
  std::vector<AnswerInWords> asks;
  const std::string statement = filled_prompt(request.prompt, request.subject);
  asks.push_back({AnswerForm::statement, statement, {}, {}});
  auto others =
      newest(other_statements(request.prompt, request.subject, read_statements + new_statements, request.paraphrases),
             read_statements, new_statements);
  for (const std::string& other : others)
    asks.push_back({AnswerForm::other_wording, filled_prompt(other, request.subject), {}, {}});
  if (others.empty()) asks.push_back({AnswerForm::other_wording, sentence_before + statement, {}, {}});
  if (chat) asks.push_back({AnswerForm::chat, chat_question_of(request), {}, {}});
  return asks;
}

bool is_answered(const AnswerInWords& answer, const EditRequest& request) {
  return answer.form == AnswerForm::chat ? names_answer(answer.after, trimmed(request.target_new))
                                         : begins_with_answer(answer.after, trimmed(request.target_new));
}

/// Continues all prompts with the edits in force.
Result<std::vector<Generation>> said_with(Session& session, const EditList& edits,
                                          std::span<const GenerationPrompt> prompts, const CancelToken& cancel) {
  MOBIEDIT_TRY(auto changes, changes_of(edits));
  MOBIEDIT_CHECK(session.set_in_force(std::move(changes)));
  return session.continue_all(prompts, cancel);
}

}  // namespace

Status answer_in_words(const Model& model, const SessionOptions& options, const EditList& before, const EditList& after,
                       std::span<Outcome* const> outcomes, const CancelToken& cancel) try {
  const std::optional<ChatFormat> chat = ChatFormat::of(model);
  std::vector<GenerationPrompt> prompts;
  std::vector<std::vector<AnswerInWords>> all;
  for (const Outcome* outcome : outcomes) {
    const EditRequest& request = outcome->edit.request;
    const auto target = model.tokenizer().encode(request.target_new, {.add_special = false}).size();
    for (AnswerInWords& ask : all.emplace_back(asks_of(request, chat.has_value()))) {
      if (ask.form == AnswerForm::chat) {
        MOBIEDIT_TRY(auto tokens, chat->question(ask.prompt));
        prompts.push_back({std::move(tokens), longest_chat_answer});
      } else {
        prompts.push_back({model.tokenizer().encode(ask.prompt), static_cast<int>(target) + words_after_target});
      }
    }
  }
  MOBIEDIT_TRY(auto session, Session::create(model, options));
  MOBIEDIT_TRY(auto without, said_with(session, before, prompts, cancel));
  MOBIEDIT_TRY(auto with, said_with(session, after, prompts, cancel));
  std::size_t at = 0;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    for (AnswerInWords& answer : all[i]) {
      answer.before = std::move(without[at].text);
      answer.after = std::move(with[at++].text);
      answer.as_wanted = is_answered(answer, outcomes[i]->edit.request);
      answer.repeats = loops(answer.after);
    }
    outcomes[i]->answers = std::move(all[i]);
  }
  return {};
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::out_of_memory, "not enough memory to ask for the edits in words");
}

}  // namespace mobiedit
