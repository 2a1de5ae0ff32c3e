// Chat questions by relation: how to ask for a fact of one of CounterFact's relations.
#pragma once

#include <string_view>

namespace mobiedit {

/// {} stands for the subject.
struct RelationQuestions {
  std::string_view relation;  ///< Wikidata's property
  std::string_view question;
  std::string_view negated;  ///< asks for anything but the answer
};

/// Null for a relation without questions. Lives as long as the program.
[[nodiscard]] const RelationQuestions* questions_of(std::string_view relation);

}  // namespace mobiedit
