#include "lab/battery/judge.h"

#include <algorithm>
#include <string>

#include "eval/answer_text.h"

namespace mobiedit {
namespace {

bool names_only_target(const std::string& text, const FactRecord& fact) {
  return names_answer(text, fact.target_new) && !names_answer_apart_from(text, fact.target_true, fact.target_new);
}

}  // namespace

bool counts(const Ask& ask, const FactRecord& fact, const Generation& unedited) {
  switch (ask.kind) {
    case AskKind::neighbour:
      return begins_with_answer(unedited.text, ask.answer);
    case AskKind::same_subject:
      return fact.target_true.empty() || first_word(unedited.text) != first_word(fact.target_true);
    default:
      return true;
  }
}

void judge(const Ask& ask, const FactRecord& fact, const Generation& unedited, const Generation& said,
           FactOutcome& outcome) {
  if (!counts(ask, fact, unedited)) return;
  FreeAnswers& free = outcome.free;
  switch (ask.kind) {
    case AskKind::statement:
      outcome.exact = begins_with_answer(said.text, fact.target_new);
      return;
    case AskKind::paraphrase:
      outcome.paraphrase_exact.push_back(begins_with_answer(said.text, fact.target_new));
      return;
    case AskKind::neighbour:
      free.neighbours_kept.push_back(begins_with_answer(said.text, ask.answer));
      return;
    case AskKind::same_subject:
      free.same_subject_kept.push_back(first_word(said.text) == first_word(unedited.text));
      return;
    case AskKind::distracted:
      free.distracted = begins_with_answer(said.text, fact.target_new);
      return;
    case AskKind::own_words:
      free.looping.push_back(loops(said.text));
      return;
    case AskKind::chat:
      free.chat = names_answer(said.text, fact.target_new);
      free.chat_target_alone = names_only_target(said.text, fact);
      free.chat_ended = said.ended;
      free.looping.push_back(loops(said.text));
      return;
    case AskKind::other_form:
      free.chat_other_form.push_back(names_only_target(said.text, fact));
      return;
    case AskKind::negated:
      free.negated = !names_answer(said.text, fact.target_new);
      return;
    case AskKind::multiple_choice:
      free.multiple_choice =
          names_answer(said.text, fact.target_new) && std::ranges::none_of(ask.others, [&](const std::string& other) {
            return names_answer_apart_from(said.text, other, fact.target_new);
          });
      return;
  }
}

}  // namespace mobiedit
