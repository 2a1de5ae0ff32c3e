// The texts that an edit is searched on, as token rows.
#pragma once

#include <string>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/edit/request.h"
#include "mobiedit/model/model.h"

namespace mobiedit {

/// prefix + prompt + target[:-1], teacher forced.
struct Context {
  std::vector<Token> tokens;
  int subject_last = 0;  ///< s: the position of the subject's last token
  int target_start = 0;  ///< the position whose logits predict target[0]; equal to subject_last in the KL context
};

struct ContextSet {
  std::vector<Context> prompts;  ///< the bare prompt first, general wordings last
  Context kl;                    ///< "{subject} is a", cut after the subject
  std::vector<Token> target;
  int wordings = 0;  ///< of the prompts
};

/// Short sentences that stand before the prompt; the model's own words would serve as well, these need no sampling.
std::vector<std::string> default_prefixes();

/// What may be asked about anything, with {} for the subject.
std::vector<std::string> general_wordings();

/// The target stands behind the prompt, behind the prompt with each of `prefixes` in front, and behind each of
/// `wordings`. Errors: usage, naming what is wrong with the request.
Result<ContextSet> build_contexts(const Model& model, const EditRequest& request,
                                  const std::vector<std::string>& prefixes,
                                  const std::vector<std::string>& wordings = {});

/// The same behind general wordings too, for which all but two of `prefixes` make way. Errors: as build_contexts'.
Result<ContextSet> build_general_contexts(const Model& model, const EditRequest& request,
                                          const std::vector<std::string>& prefixes);

/// prompt with {} replaced by the subject. Errors: usage (no {} or more than one, an empty subject).
Result<std::string> fill_prompt(const std::string& prompt, const std::string& subject);

}  // namespace mobiedit
