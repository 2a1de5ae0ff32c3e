// Contexts of an edit: the texts that it is searched on, as tokens.
#pragma once

#include <string>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/edit/request.h"
#include "mobiedit/model/model.h"

namespace mobiedit {

/// A prompt and the target without its last token, for teacher forcing.
struct Context {
  std::vector<Token> tokens;
  int subject_last = 0;  ///< s: position of the subject's last token
  int target_start = 0;  ///< position whose logits predict target[0]; subject_last in the KL context
};

struct ContextSet {
  std::vector<Context> prompts;  ///< the bare prompt first, then prefixed ones, then general wordings
  Context kl;                    ///< "{subject} is a", cut after the subject
  std::vector<Token> target;
  int wordings = 0;  ///< number of general wordings among the prompts
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

/// Puts the subject in the place of {}. Errors: usage (no {} or more than one, an empty subject).
Result<std::string> fill_prompt(const std::string& prompt, const std::string& subject);

}  // namespace mobiedit
