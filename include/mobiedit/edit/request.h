// Edit request: the fact that a model should know, in the field's terms.
#pragma once

#include <string>
#include <vector>

namespace mobiedit {

struct EditRequest {
  std::string subject;                   ///< "Achille Varzi"
  std::string prompt;                    ///< "The mother tongue of {} is": exactly one {}, for the subject
  std::string target_new;                ///< "Greek", without a leading space
  std::vector<std::string> paraphrases;  ///< other wordings that should give target_new; measured, never trained on
  std::vector<std::string> keep;         ///< prompts whose answer must stay; measured, never trained on
  /// The fact as a user would ask for it in chat; empty: the library makes a question.
  std::string question = {};

  bool operator==(const EditRequest&) const = default;
};

/// Returns true if two requests are about one fact: equal subject and prompt, apart from white space.
[[nodiscard]] bool same_fact(const EditRequest& a, const EditRequest& b);

/// Returns true if two requests are about one subject, apart from white space.
[[nodiscard]] bool same_subject(const EditRequest& a, const EditRequest& b);

}  // namespace mobiedit
