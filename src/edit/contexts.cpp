#include "edit/contexts.h"

#include <algorithm>
#include <span>

#include "mobiedit/base/prompt.h"
#include "mobiedit/edit/errors.h"
#include "search/loss.h"

namespace mobiedit {
namespace {

constexpr std::size_t longest_target = 64;  // tokens

// The token that holds the byte before `end` of a text. Positions are counted from the end of the text, as the
// tokenizer may add something at its start (BOS, SentencePiece's space).
int token_at(const Tokenizer& tokenizer, const std::vector<Token>& tokens, std::size_t text_bytes, std::size_t end) {
  std::size_t behind = text_bytes - end;
  int i = static_cast<int>(tokens.size()) - 1;
  for (; i > 0; --i) {
    const std::size_t length = tokenizer.piece(tokens[static_cast<std::size_t>(i)]).size();
    if (length > behind) break;
    behind -= length;
  }
  return i;
}

}  // namespace

std::vector<std::string> default_prefixes() {
  return {"The weather was mild that year. ", "They moved to a new house. ", "It was first published in the spring. ",
          "He said that it would take time. ", "The road runs along the river. "};
}

std::vector<std::string> general_wordings() {
  return {"When asked about {}, people say", "{} is", "As for {}, the answer is", "For {}, it was", "{} has"};
}

Status check_prompt(const std::string& prompt, const std::string& subject) {
  const std::size_t at = prompt.find("{}");
  if (at == std::string::npos)
    return fail(request_errors::prompt, "the prompt has no {} for the subject", prompt,
                "write it like \"The mother tongue of {} is\"");
  if (prompt.find("{}", at + 2) != std::string::npos)
    return fail(request_errors::prompt, "the prompt has more than one {}", prompt,
                "one place for the subject is enough");
  if (subject.find_first_not_of(" \t\r\n") == std::string::npos)
    return fail(request_errors::subject, "the subject is empty");
  return {};
}

Result<ContextSet> build_contexts(const Model& model, const EditRequest& request,
                                  const std::vector<std::string>& prefixes, const std::vector<std::string>& wordings) {
  const Tokenizer& tokenizer = model.tokenizer();
  if (auto sound = check_prompt(request.prompt, request.subject); !sound) return std::unexpected(sound.error());
  const std::string bare = filled_prompt(request.prompt, request.subject);
  const std::size_t subject_end = request.prompt.find("{}") + request.subject.size();
  if (request.target_new.find_first_not_of(" \t\r\n") == std::string::npos)
    return fail(request_errors::target, "the target is empty");

  ContextSet set;
  const std::string target = request.target_new.front() == ' ' ? request.target_new : " " + request.target_new;
  set.target = tokenizer.encode(target, {.add_special = false});
  // SentencePiece puts a space before any text, which would double the target's own.
  if (const auto spaced = tokenizer.decode(set.target); spaced.size() > target.size())
    set.target = tokenizer.encode(target.substr(1), {.add_special = false});
  if (set.target.empty()) return fail(request_errors::target, "the target has no tokens");
  if (set.target.size() > longest_target)
    return fail(request_errors::target,
                "the target has " + std::to_string(set.target.size()) + " tokens; at most " +
                    std::to_string(longest_target) + " can be edited in",
                {}, "an edit teaches a short answer, not a text");

  const auto make = [&](const std::string& text, std::size_t end, bool with_target) {
    Context c;
    c.tokens = tokenizer.encode(text);
    c.subject_last = token_at(tokenizer, c.tokens, text.size(), end);
    c.target_start = static_cast<int>(c.tokens.size()) - 1;
    if (with_target) {
      c.tokens.insert(c.tokens.end(), set.target.begin(), set.target.end() - 1);
      c.target = set.target;
      c.weight = 1.0 / static_cast<double>(1 + prefixes.size() + wordings.size());
    } else {
      c.tokens.resize(static_cast<std::size_t>(c.subject_last) + 1), c.target_start = c.subject_last;
      c.weight = kl_weight;
      c.group = 1;
    }
    return c;
  };
  set.prompts.push_back(make(bare, subject_end, true));
  for (const std::string& prefix : prefixes)
    set.prompts.push_back(make(prefix + bare, prefix.size() + subject_end, true));
  for (const std::string& wording : wordings) {
    const std::size_t end = wording.find("{}") + request.subject.size();
    if (auto sound = check_prompt(wording, request.subject); !sound) return std::unexpected(sound.error());
    set.prompts.push_back(make(filled_prompt(wording, request.subject), end, true));
  }
  set.wordings = static_cast<int>(wordings.size());
  set.preserved.push_back(make(request.subject + " is a", request.subject.size(), false));
  for (const Context& c : set.prompts)
    if (c.tokens.size() > static_cast<std::size_t>(model.config().context))
      return fail(request_errors::context,
                  "prompt and target are " + std::to_string(c.tokens.size()) +
                      " tokens, more than the model's context of " + std::to_string(model.config().context),
                  {}, "shorten the prompt");
  return set;
}

Result<ContextSet> build_general_contexts(const Model& model, const EditRequest& request,
                                          const std::vector<std::string>& prefixes) {
  constexpr std::size_t beside_wordings = 2;
  const auto some = std::span(prefixes).first(std::min(prefixes.size(), beside_wordings));
  return build_contexts(model, request, {some.begin(), some.end()}, general_wordings());
}

}  // namespace mobiedit
