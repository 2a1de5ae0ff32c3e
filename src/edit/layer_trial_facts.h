// Facts of the layer trial: data that most models of English know.
#pragma once

#include <string>
#include <vector>

#include "mobiedit/edit/request.h"

namespace mobiedit {

struct TrialFact {
  EditRequest request;
  std::vector<std::string> unseen_prompts;  ///< they ask for the target; the search does not see them
  std::string neighbour;                    ///< prompt about another subject, whose answer should stay
};

[[nodiscard]] std::vector<TrialFact> trial_facts();

/// Sentences before the prompt in the trial's contexts; fewer than an edit has, to be quick.
[[nodiscard]] std::vector<std::string> trial_prefixes();

}  // namespace mobiedit
