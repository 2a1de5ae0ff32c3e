#include "lab/battery/asks.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "eval/relation_questions.h"
#include "mobiedit/base/prompt.h"
#include "mobiedit/eval/measure.h"

namespace mobiedit {
namespace {

/// A prompt about any subject, with the relations that it may ask for: no other fact of a record that edits one of
/// them.
struct SubjectPrompt {
  std::string_view prompt;
  std::initializer_list<std::string_view> relations;
};

const SubjectPrompt subject_prompts[] = {
    {"{} was born in the city of", {"P19"}},
    {"By profession, {} is a", {"P106", "P39", "P101", "P413"}},
    {"{} can be found in", {"P131", "P276", "P17", "P30", "P159"}},
    {"The capital city of {} is", {"P36"}},
    {"The native language of {} is", {"P103", "P1412", "P37", "P364", "P407"}},
    {"{} belongs to the company", {"P127", "P176", "P178", "P108"}},
    {"{} is a member of the", {"P463"}},
    {"{} likes to play the", {"P1303", "P413", "P641"}},
    {"{} died in", {"P20"}},
    {"{} was created by", {"P178", "P176", "P127"}},
    {"{} lies on the continent of", {"P30"}},
    {"The faith of {} is", {"P140"}},
    {"{} comes from the country of", {"P27", "P495", "P17"}},
    {"{} is named after", {"P138"}},
};

constexpr int words_to_compare = 4;  // tokens that hold the first word of a continuation
constexpr int beyond_answer = 2;     // tokens after an answer that show whether a word ends there
constexpr std::size_t most_choices = 4;

std::string question_of(const FactRecord& fact) {
  if (!fact.question.empty()) return fact.question;
  const RelationQuestions* known = questions_of(fact.relation);
  return known != nullptr ? filled_prompt(known->question, fact.subject) : "";
}

std::vector<std::string> other_questions_of(const FactRecord& fact) {
  if (!fact.other_questions.empty()) return fact.other_questions;
  const std::string question = question_of(fact);
  if (question.empty()) return {};
  return {"Please answer in one sentence. " + question};
}

/// The answers of a multiple choice: the target, the true answer, and new answers of other records of the relation.
std::vector<std::string> choices_of(std::span<const FactRecord> facts, std::size_t index) {
  const FactRecord& fact = facts[index];
  std::vector<std::string> choices{fact.target_new};
  const auto offer = [&](const std::string& answer) {
    if (!answer.empty() && choices.size() < most_choices && std::ranges::find(choices, answer) == choices.end())
      choices.push_back(answer);
  };
  offer(fact.target_true);
  for (std::size_t i = 1; i < facts.size() && !fact.relation.empty(); ++i) {
    const FactRecord& other = facts[(index + i) % facts.size()];
    if (other.relation == fact.relation) offer(other.target_new);
  }
  return choices;
}

/// "Choose one of these: Rome, Paris or Lima." The target's place among them goes round with the records.
std::string offered(std::vector<std::string> choices, std::size_t index) {
  std::ranges::rotate(choices, choices.begin() + static_cast<std::ptrdiff_t>(index % choices.size()));
  std::string text = " Choose one of these: ";
  for (std::size_t i = 0; i < choices.size(); ++i)
    text += (i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ") + choices[i];
  return text + ".";
}

/// Writes the asks of one record after another.
class Writer {
 public:
  Writer(std::span<const FactRecord> facts, const Tokenizer& tokenizer, const AskSettings& settings)
      : facts_(facts), tokenizer_(tokenizer), settings_(settings) {}

  Status write(AskKind kind, std::size_t index) {
    const FactRecord& fact = facts_[index];
    const std::string statement = filled_prompt(fact.prompt, fact.subject);
    switch (kind) {
      case AskKind::statement:
        add_answered(kind, index, statement, fact.target_new);
        return {};
      case AskKind::paraphrase:
        for (const std::string& prompt : fact.paraphrases) add_answered(kind, index, prompt, fact.target_new);
        return {};
      case AskKind::neighbour:
        for (const Neighbour& n : fact.neighbours)
          if (!n.target_true.empty()) add_answered(kind, index, n.prompt, n.target_true);
        return {};
      case AskKind::same_subject:
        for (const SubjectPrompt& other : subject_prompts)
          if (std::ranges::find(other.relations, fact.relation) == other.relations.end())
            add(kind, index, filled_prompt(other.prompt, fact.subject), words_to_compare);
        return {};
      case AskKind::distracted:
        if (!fact.target_true.empty())
          add_answered(kind, index, "All evening they had talked about " + fact.target_true + ". " + statement,
                       fact.target_new);
        return {};
      case AskKind::own_words:
        if (settings_.chat == nullptr) {
          add(kind, index, fact.subject + " is", own_words_tokens);
          return {};
        }
        return add_chat(kind, index, "Tell me about " + fact.subject + ".", own_words_tokens);
      case AskKind::chat:
        return add_chat(kind, index, question_of(fact));
      case AskKind::other_form:
        for (const std::string& question : other_questions_of(fact))
          if (auto added = add_chat(kind, index, question); !added) return added;
        return {};
      case AskKind::negated: {
        const RelationQuestions* known = questions_of(fact.relation);
        return add_chat(kind, index, known != nullptr ? filled_prompt(known->negated, fact.subject) : "");
      }
      case AskKind::multiple_choice:
        return add_choice(index);
    }
    return {};
  }

  std::vector<Ask> take() { return std::move(asks_); }

 private:
  [[nodiscard]] std::string before(std::size_t index) const {
    return settings_.fact_in_prompt ? stated(facts_[index]) : "";
  }

  void add(AskKind kind, std::size_t index, const std::string& prompt, int tokens) {
    asks_.push_back({kind, index, {tokenizer_.encode(before(index) + prompt), tokens}, {}, {}});
  }

  void add_answered(AskKind kind, std::size_t index, const std::string& prompt, const std::string& answer) {
    const ScoredText text = scored_answer(tokenizer_, prompt, answer);
    add(kind, index, prompt, static_cast<int>(text.tokens.size()) - text.first + beyond_answer);
    asks_.back().answer = answer;
  }

  Status add_chat(AskKind kind, std::size_t index, const std::string& question, int tokens = chat_answer_tokens) {
    if (settings_.chat == nullptr || question.empty()) return {};
    auto prompt = settings_.chat->question(before(index) + question);
    if (!prompt) {
      prompt.error().where = facts_[index].where;
      return std::unexpected(prompt.error());
    }
    asks_.push_back({kind, index, {std::move(*prompt), tokens}, {}, {}});
    return {};
  }

  Status add_choice(std::size_t index) {
    const std::string question = question_of(facts_[index]);
    std::vector<std::string> choices = choices_of(facts_, index);
    if (question.empty() || choices.size() < 2) return {};
    const std::size_t known = asks_.size();
    auto added = add_chat(AskKind::multiple_choice, index, question + offered(choices, index));
    if (added && asks_.size() > known) asks_.back().others.assign(choices.begin() + 1, choices.end());
    return added;
  }

  std::span<const FactRecord> facts_;
  const Tokenizer& tokenizer_;
  const AskSettings& settings_;
  std::vector<Ask> asks_;
};

}  // namespace

std::string stated(const FactRecord& fact) {
  return filled_prompt(fact.prompt, fact.subject) + " " + fact.target_new + ". ";
}

FactRecord with_fact_in_prompt(FactRecord fact) {
  const std::string before = stated(fact);
  fact.prompt = before + filled_prompt(fact.prompt, fact.subject);
  for (std::string& prompt : fact.paraphrases) prompt = before + prompt;
  for (Neighbour& neighbour : fact.neighbours) neighbour.prompt = before + neighbour.prompt;
  return fact;
}

Result<std::vector<Ask>> asks_of(std::span<const FactRecord> facts, const Tokenizer& tokenizer,
                                 const AskSettings& settings) {
  Writer writer(facts, tokenizer, settings);
  for (const AskKind kind :
       {AskKind::statement, AskKind::paraphrase, AskKind::neighbour, AskKind::same_subject, AskKind::distracted,
        AskKind::own_words, AskKind::chat, AskKind::other_form, AskKind::negated, AskKind::multiple_choice})
    for (std::size_t i = 0; i < facts.size(); ++i)
      if (auto written = writer.write(kind, i); !written) return std::unexpected(written.error());
  return writer.take();
}

}  // namespace mobiedit
