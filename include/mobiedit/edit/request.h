// Edit request: the fact that a model should know, in the field's terms.
#pragma once

#include <string>
#include <vector>

namespace mobiedit {

struct EditRequest {
  std::string subject;     ///< "Achille Varzi"
  std::string prompt;      ///< "The mother tongue of {} is": exactly one {}
  std::string target_new;  ///< "Greek", without a leading space
  std::vector<std::string>
      paraphrases;                ///< other wordings that should give target_new too; only measured, never trained on
  std::vector<std::string> keep;  ///< prompts whose answer must stay what it is; only measured
};

}  // namespace mobiedit
