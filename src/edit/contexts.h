// Contexts of an edit: the texts that it is searched on, as tokens.
#pragma once

#include <string>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/edit/request.h"
#include "mobiedit/model/model.h"

namespace mobiedit {

/// A text of an edit. A prompt has the target's tokens behind it, without the last one, for teacher forcing.
struct Context {
  std::vector<Token> tokens;
  int subject_last = 0;       ///< s: position of the subject's last token
  int first = -1;             ///< first position that an edit changes, at most s; −1: s
  int target_start = 0;       ///< position of the first logits that the loss reads; they predict target[0]
  std::vector<Token> target;  ///< tokens wanted there and after it; empty: the unedited model's answers are to stay
  int kept_rows = 1;          ///< positions from target_start on whose answers are to stay, where target is empty
  double weight = 1;          ///< weight in the loss of the mean over this context's rows
  std::vector<double> row_weights;  ///< weight of each row, in place of `weight`; empty: all rows weigh alike
  /// Leaves a row out of the loss where the unedited model answers it as it answers the bare prompt: the old fact may
  /// change.
  bool drops_old_answer = false;
  /// Neighbouring contexts with one group have equally many rows, which read the logits of equal tokens: a probe of
  /// one of them says something of the others.
  int group = 0;
  bool is_statement = false;  ///< states a fact outside chat; a search may begin with such contexts alone

  [[nodiscard]] int first_changed() const { return first < 0 ? subject_last : first; }
  /// Positions whose logits the loss reads.
  [[nodiscard]] int rows() const { return target.empty() ? kept_rows : static_cast<int>(target.size()); }
};

struct ContextSet {
  std::vector<Context> prompts;  ///< contexts with a target; the bare prompt first
  /// Contexts without a target; for one prompt "{subject} is a", cut after the subject.
  std::vector<Context> preserved;
  std::vector<Token> target;  ///< tokens of the target in the bare prompt
  int wordings = 0;           ///< number of general wordings among the prompts
};

/// Short sentences to put before the prompt. They serve as well as ROME's, which are sampled from the model.
std::vector<std::string> default_prefixes();

/// Beginnings of sentences about any subject, with {} for it.
std::vector<std::string> general_wordings();

/// One prompt each: the request's prompt, that prompt after each of `prefixes`, and each of `wordings`. Errors: usage,
/// naming what is wrong with the request.
Result<ContextSet> build_contexts(const Model& model, const EditRequest& request,
                                  const std::vector<std::string>& prefixes,
                                  const std::vector<std::string>& wordings = {});

/// As build_contexts with the first two of `prefixes` and with general_wordings(). Errors: those of build_contexts.
Result<ContextSet> build_general_contexts(const Model& model, const EditRequest& request,
                                          const std::vector<std::string>& prefixes);

/// Checks that filled_prompt() can put the subject into the prompt. Errors: usage (no {} or more than one, an empty
/// subject).
[[nodiscard]] Status check_prompt(const std::string& prompt, const std::string& subject);

}  // namespace mobiedit
