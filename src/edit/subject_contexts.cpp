#include "edit/subject_contexts.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "edit/made_up_names.h"
#include "edit/wordings/relations.h"
#include "mobiedit/base/prompt.h"

namespace mobiedit {
namespace {

// Beginnings of statements about any subject, in which its neuron has to fire.
constexpr std::string_view neutral_statements[] = {
    "{} is",  "When asked about {}, people say", "As for {}, the answer is", "For {}, it was",
    "{} has", "Everybody knows that {}"};
// Texts of many kinds that a subject may stand behind. Each changes the input at its last token, where the neuron is to
// fire.
constexpr std::string_view texts_before[] = {"The committee met again on 4 March 1987. ",
                                             "She laughed and closed the door behind her. ",
                                             "Category: Rivers of the north\n\n",
                                             "See also the list of early steam engines. ",
                                             "In the second half they scored twice (2-1). ",
                                             "Its leaves are green, narrow and up to 9 cm long. ",
                                             "\"I never said that,\" he replied. ",
                                             "References\n\n",
                                             "Sales rose by 12.5 percent in the third quarter. ",
                                             "The species was described by two botanists. ",
                                             "Thank you for your letter. ",
                                             "After the war the bridge was built again. ",
                                             "He studied law and history before that. ",
                                             "pp. 14-21. ",
                                             "There are 340 houses and a small church. ",
                                             "The results were not significant. "};
// Messages in chat about any subject, in which its neuron has to fire.
constexpr std::string_view neutral_messages[] = {"What do you know about {}?",
                                                 "I have a question about {}.",
                                                 "My friend asked me about {} yesterday.",
                                                 "When I hear of {}, what should come to my mind?",
                                                 "In short: which facts of {} should I keep in mind?",
                                                 "Where can I read more on {}, and who wrote it?"};
// Beginnings of statements about other facts of a subject, whose answers are to stay.
constexpr std::string_view other_facts[] = {"{} was born in",         "{} works as a",
                                            "{} is located in",       "The capital of {} is",
                                            "{} speaks the language", "{} belongs to",
                                            "{} is a member of",      "{} likes to play",
                                            "{} died in the city of", "{} was made by",
                                            "The continent of {} is", "The religion of {} is",
                                            "{} is part of",          "The favourite color of {} is"};
// Shares of the loss, where another statement of a fact has 1: the statement as the user gave it, and a chat answer.
constexpr double bare_statement_weight = 3, chat_weight = 2;
// Groups of contexts; each fact has its own.
constexpr int groups_per_fact = 2, other_facts_group = -1, own_words_group = -2;

bool is_word_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

class Builder {
 public:
  Builder(const Model& model, std::span<const EditRequest> facts, const SubjectContextOptions& options)
      : tokenizer_(model.tokenizer()), model_(model), facts_(facts), options_(options) {}

  Result<SubjectContexts> build() {
    for (std::size_t i = 0; i < facts_.size(); ++i) MOBIEDIT_CHECK(add_fact(facts_[i], static_cast<int>(i)));
    // Statements come first: a search may begin with them alone.
    std::ranges::stable_partition(made_.contexts.prompts, &Context::is_statement);
    for (Context& context : made_.contexts.prompts) {
      context.weight /= shares_;
      for (double& weight : context.row_weights) weight /= shares_;
    }
    add_other_facts();
    MOBIEDIT_CHECK(add_own_words());
    MOBIEDIT_CHECK(add_texts());
    return std::move(made_);
  }

 private:
  const std::string& subject() const { return facts_.front().subject; }

  Status add_fact(const EditRequest& fact, int number) {
    std::vector<std::string> measured = fact.paraphrases;
    measured.insert(measured.end(), fact.keep.begin(), fact.keep.end());
    std::vector<std::string> statements = other_statements(fact.prompt, fact.subject, options_.statements, measured);
    // A statement behind another sentence is another context to the model.
    const std::size_t plain = statements.size();
    for (std::size_t i = 0; i < std::min<std::size_t>(plain, 2) && options_.prefixes.size() > 1; ++i)
      statements.push_back(options_.prefixes[1] + statements[i]);
    MOBIEDIT_TRY(ContextSet set, build_contexts(model_, fact, options_.prefixes, statements));
    for (Context& context : set.prompts) {
      context.weight = &context == &set.prompts.front() ? bare_statement_weight : 1;
      shares_ += context.weight;
      context.group = number * groups_per_fact;
      context.is_statement = true;
      made_.contexts.prompts.push_back(std::move(context));
    }
    if (number == 0) made_.contexts.target = std::move(set.target);
    if (options_.chat != nullptr) MOBIEDIT_CHECK(add_chat(fact, number, measured));
    return {};
  }

  [[nodiscard]] static std::string question_of(const EditRequest& fact, std::span<const std::string> measured) {
    if (!fact.question.empty()) return fact.question;
    const std::vector<std::string> known = chat_questions(fact.prompt, fact.subject, 1, measured);
    return known.empty() ? completion_question(fact.prompt, fact.subject) : filled_prompt(known.front(), fact.subject);
  }

  // Questions in chat, answered by the whole statement and its end. The tokens of the target count once more than the
  // others': they are the fact, and the words before them lead to it in any answer.
  Status add_chat(const EditRequest& fact, int number, std::span<const std::string> measured) {
    const std::string question = question_of(fact, measured);
    const std::string statement = filled_prompt(fact.prompt, fact.subject);
    const std::string target = fact.target_new.front() == ' ' ? fact.target_new : " " + fact.target_new;
    for (const std::string& asked : {question, "Quick question: " + question}) {
      MOBIEDIT_TRY(const ChatTurn turn, options_.chat->turn(asked, statement + target + "."));
      const std::vector<int> ends = name_ends(tokenizer_, turn.tokens, fact.subject);
      if (ends.empty()) continue;
      Context context;
      context.subject_last = ends.front();
      context.target_start = turn.answer - 1;
      context.target.assign(turn.tokens.begin() + turn.answer, turn.tokens.end());
      context.tokens.assign(turn.tokens.begin(), turn.tokens.end() - 1);
      context.group = number * groups_per_fact + 1;
      const auto rows = context.target.size();
      context.row_weights.assign(rows, chat_weight / static_cast<double>(rows));
      const std::size_t fact_rows = std::min(rows, tokens_from(context.target, target + "."));
      if (asked == question)
        for (std::size_t t = rows - fact_rows; t < rows; ++t)
          context.row_weights[t] += chat_weight / static_cast<double>(fact_rows);
      shares_ += asked == question ? 2 * chat_weight : chat_weight;
      if (!made_.contexts.prompts.empty() && made_.contexts.prompts.back().group == context.group &&
          made_.contexts.prompts.back().target != context.target)
        continue;  // tokens of one group's targets are equal
      made_.contexts.prompts.push_back(std::move(context));
    }
    return {};
  }

  // Number of last tokens that hold the bytes of `end`, and the control token behind them.
  std::size_t tokens_from(std::span<const Token> tokens, std::string_view end) const {
    std::size_t bytes = 0, count = 0;
    for (std::size_t i = tokens.size(); i-- > 0 && bytes < end.size();) {
      bytes += tokenizer_.piece(tokens[i]).size();
      ++count;
    }
    return count;
  }

  void add_other_facts() {
    if (!(options_.other_facts_weight > 0)) return;
    for (const std::string_view pattern : other_facts) {
      Context context;
      context.tokens = tokenizer_.encode(filled_prompt(pattern, subject()));
      const std::vector<int> ends = name_ends(tokenizer_, context.tokens, subject());
      if (ends.empty() || context.tokens.size() > static_cast<std::size_t>(model_.config().context)) continue;
      context.subject_last = ends.front();
      context.target_start = static_cast<int>(context.tokens.size()) - 1;
      context.group = other_facts_group;
      context.weight = options_.other_facts_weight / static_cast<double>(std::size(other_facts));
      context.drops_old_answer = true;
      made_.contexts.preserved.push_back(std::move(context));
    }
  }

  Status add_own_words() {
    if (options_.chat == nullptr || options_.own_words.empty() || !(options_.own_words_weight > 0)) return {};
    Context context;
    MOBIEDIT_TRY(context.tokens, options_.chat->question(tell_about(subject())));
    const std::vector<int> ends = name_ends(tokenizer_, context.tokens, subject());
    if (ends.empty()) return {};
    context.subject_last = ends.front();
    context.target_start = static_cast<int>(context.tokens.size()) - 1;
    context.tokens.insert(context.tokens.end(), options_.own_words.begin(), options_.own_words.end() - 1);
    context.kept_rows = static_cast<int>(options_.own_words.size());
    context.group = own_words_group;
    context.weight = options_.own_words_weight;
    made_.contexts.preserved.push_back(std::move(context));
    return {};
  }

  void add_text(std::vector<NamedText>& texts, std::vector<Token> tokens, std::string_view name) {
    NamedText text{std::move(tokens), {}};
    text.ends = name_ends(tokenizer_, text.tokens, name);
    // The first position of a row without BOS has one key for all tokens, the attention sink's.
    if (!tokenizer_.adds_bos()) std::erase(text.ends, 0);
    if (!text.ends.empty()) texts.push_back(std::move(text));
  }

  // A question about the subject, asked about another name.
  Status add_other_question(std::string question, const std::string& name) {
    const std::size_t at = question.find(subject());
    if (at == std::string::npos) return {};
    MOBIEDIT_TRY(std::vector<Token> asked, options_.chat->question(question.replace(at, subject().size(), name)));
    add_text(made_.others, std::move(asked), name);
    return {};
  }

  Status add_texts() {
    for (const Context& context : made_.contexts.prompts) add_text(made_.subject, context.tokens, subject());
    for (const std::string_view pattern : neutral_statements)
      add_text(made_.subject, tokenizer_.encode(filled_prompt(pattern, subject())), subject());
    for (std::size_t i = 0; i < std::size(texts_before); ++i) {
      const std::string_view pattern = i % 2 == 0 ? std::string_view(facts_[i / 2 % facts_.size()].prompt) : "{} is";
      add_text(made_.subject, tokenizer_.encode(std::string(texts_before[i]) + filled_prompt(pattern, subject())),
               subject());
    }
    if (options_.chat != nullptr) {
      MOBIEDIT_TRY(std::vector<Token> told, options_.chat->question(tell_about(subject())));
      add_text(made_.subject, std::move(told), subject());
      for (const std::string_view message : neutral_messages) {
        MOBIEDIT_TRY(std::vector<Token> asked, options_.chat->question(filled_prompt(message, subject())));
        add_text(made_.subject, std::move(asked), subject());
      }
    }
    if (made_.subject.empty())
      return fail(ErrorCode::usage, "no text has the subject where a neuron could find it", subject(),
                  "write the subject as it stands in text, with more than one letter or word");
    const std::vector<std::string> names = names_like(subject(), options_.names_alike);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string_view neutral = neutral_statements[i % std::size(neutral_statements)];
      const EditRequest& fact = facts_[i / 2 % facts_.size()];
      add_text(made_.others,
               tokenizer_.encode(filled_prompt(i % 2 == 0 ? neutral : std::string_view(fact.prompt), names[i])),
               names[i]);
      if (options_.chat != nullptr)
        MOBIEDIT_CHECK(add_other_question(i % 2 == 0 ? tell_about(subject()) : question_of(fact, {}), names[i]));
    }
    if (!tokenizer_.adds_bos()) made_.others.push_back({{made_.subject.front().tokens.front()}, {0}});
    return {};
  }

  const Tokenizer& tokenizer_;
  const Model& model_;
  std::span<const EditRequest> facts_;
  const SubjectContextOptions& options_;
  SubjectContexts made_;
  double shares_ = 0;
};

}  // namespace

std::vector<int> name_ends(const Tokenizer& tokenizer, std::span<const Token> tokens, std::string_view name) {
  std::string text;
  std::vector<std::size_t> ends;  // of each token, in bytes
  for (const Token token : tokens) {
    text += tokenizer.piece(token, true);
    ends.push_back(text.size());
  }
  std::vector<int> found;
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    const bool whole = (at == 0 || !is_word_byte(text[at - 1]) || !is_word_byte(name.front())) &&
                       (end == text.size() || !is_word_byte(text[end]) || !is_word_byte(name.back()));
    if (whole) found.push_back(static_cast<int>(std::ranges::lower_bound(ends, end) - ends.begin()));
  }
  return found;
}

std::string tell_about(std::string_view subject) {
  return "Tell me about " + std::string(subject) + ".";
}

Result<SubjectContexts> build_subject_contexts(const Model& model, std::span<const EditRequest> facts,
                                               const SubjectContextOptions& options) {
  return Builder(model, facts, options).build();
}

}  // namespace mobiedit
