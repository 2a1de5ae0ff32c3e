// Data sets of facts to edit, in the formats of the field.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "mobiedit/base/result.h"

namespace mobiedit {

/// Neighbour: a prompt about something else, whose answer an edit must not change.
struct Neighbour {
  std::string prompt;
  std::string target_true;
};

/// A question that needs all edits of a record. Correct if any wording yields any of the answers.
struct Question {
  std::vector<std::string> wordings;
  std::vector<std::string> answers;      ///< the new answer first, then its other names
  std::vector<std::string> answers_old;  ///< the answers before the edits; may be empty
};

/// One fact to edit, with the prompts that test the edit.
struct FactRecord {
  std::string subject;
  std::string prompt;       ///< statement with {} for the subject
  std::string target_new;   ///< the new answer, without a leading space
  std::string target_true;  ///< the true answer; empty if the set has none
  std::string relation;     ///< Wikidata's property, "P103"; empty if the set has none
  std::string question;     ///< the prompt as a question, with the subject in it; empty if the set has none
  std::vector<std::string> paraphrases;
  std::vector<Neighbour> neighbours;
  std::vector<Neighbour> portability;  ///< consequences of the edit: a prompt and its answer each
  std::vector<FactRecord> further;     ///< more edits of this case (MQuAKE), without further ones of their own
  std::vector<Question>
      questions;  ///< questions that need more than one fact: MQuAKE's, and KnowEdit's portability "Reasoning"
  std::vector<std::string> generation;       ///< prompts to continue at length, for fluency (CounterFact)
  std::vector<std::string> other_questions;  ///< further wordings of `question`, for measuring alone
  std::vector<std::string> keep;             ///< prompts whose answers must stay, whatever they are
  std::string where;                         ///< "facts.jsonl:12", or "facts.json: record 12"
};

/// Reads JSON Lines or one JSON list. Records have the fields of CounterFact (requested_rewrite, paraphrase_prompts,
/// neighborhood_prompts), of EasyEdit and KnowEdit (prompt, subject, target_new, ground_truth, rephrase_prompt,
/// locality, portability), of ZsRE (src, alt, answers, rephrase) or of MQuAKE (requested_rewrite as a list, questions,
/// answer, new_answer and their aliases). A record may also have CounterFact's fields without nesting, question and
/// other_questions for chat models, and keep_prompts ({prompt, answer}) as neighbours. Unknown fields are ignored. A
/// prompt without {} gets it where the subject stands. Reads `limit` records at most; 0: all. Errors: io; usage, naming
/// file and line (not JSON, a field that is missing or of another kind, a prompt that has neither {} nor the subject,
/// no record at all); out_of_memory. With `skipped` a malformed record is passed over, and added there as the error
/// that it would have been.
[[nodiscard]] Result<std::vector<FactRecord>> read_facts(const std::filesystem::path& path, std::size_t limit = 0,
                                                         std::vector<Error>* skipped = nullptr);

}  // namespace mobiedit
