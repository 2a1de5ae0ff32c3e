// Teaching: requests become edits that are searched, measured, accepted or refused, and kept.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/edit/edit.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/workspace/damage.h"
#include "mobiedit/workspace/output_file.h"
#include "mobiedit/workspace/statistics_text.h"

namespace mobiedit {

/// Limits on the effect of an edit on the rest of the model; an edit above one is refused. A model with too short a
/// context for the reference text (256 tokens) has no drift limits.
struct AcceptanceLimits {
  std::optional<double> drift;  ///< growth of the reference text's perplexity by one edit, per cent; none: any
  /// Growth by all edits in force together, per cent; an edit that lowers it is accepted.
  double total_drift = 50;
  double norm = 100;  ///< ‖ΔW‖ / ‖W‖ of one edit, per cent
  /// Damage::divergence() of all edits in force together, nats per token. None: the model's own, see docs/method.md. An
  /// edit that lowers it is accepted.
  std::optional<double> divergence;
};

struct TeachOptions {
  EditOptions search;  ///< threads and pool are the workspace's
  /// The edits are found one by one and then written together, by this method, into one layer (MEMIT or AlphaEdit):
  /// "memit" or "alphaedit". Empty: each is written by itself.
  std::string mass_method;
  StatisticsSource statistics;
  AcceptanceLimits limits;
  bool dry_run = false;  ///< search and measure; the store and the outputs stay as they are
  /// Names of the requests for messages, in their order, such as "facts.jsonl:3"; may be empty.
  std::vector<std::string> places;
  std::optional<OutputFile> adapter;  ///< gets an adapter with all edits in force
  std::optional<OutputFile> model;    ///< gets the whole model with all edits in force
};

/// Why an edit was not kept.
enum class Refusal {
  none,
  target_missed,     ///< the search ended without the new answer
  norm,              ///< AcceptanceLimits::norm
  drift,             ///< AcceptanceLimits::drift
  total_drift,       ///< AcceptanceLimits::total_drift
  damage,            ///< AcceptanceLimits::divergence, or chat answers that repeat themselves
  lost_with_others,  ///< it does not answer with the other edits in force
  breaks_earlier,    ///< an edit that was in force before no longer answers
  replaced,          ///< a later request is about the same fact
};

/// Another edit in force of the same subject, asked without the new one and with it.
struct SameSubject {
  std::int64_t id = 0;  ///< 0: of this job
  EditRequest request;
  std::optional<bool> before;  ///< whether it answered; none where it was not there yet
  bool after = false;
};

enum class AnswerForm {
  statement,      ///< the edit's own prompt
  other_wording,  ///< another statement of the fact
  chat,           ///< a question, in the model's chat format
};

/// The model's words about an edit's fact, in free greedy generation: with the edits that were in force before this
/// job, and with all that are in force after it.
struct AnswerInWords {
  AnswerForm form = AnswerForm::statement;
  std::string prompt;
  std::string before, after;
  bool as_wanted = false;  ///< `after` begins with target_new, or in chat names it
  bool repeats = false;    ///< `after` repeats itself
};

/// The fate of one request. An edit that was not kept has no vectors.
struct Outcome {
  Edit edit;  ///< the edit; its id is 0 unless a store has it
  bool kept = false;
  Refusal refusal = Refusal::none;
  std::string why_not;                 ///< a sentence, where it was not kept
  std::vector<std::int64_t> replaces;  ///< edits of the store about this fact
  std::vector<SameSubject> same_subject;
  std::vector<AnswerInWords> answers;  ///< empty for an edit that was not kept
  /// Damage by this edit and those in force before it; none where it was not measured.
  std::optional<Damage> damage;
};

struct WrittenFile {
  std::string kind;  ///< "lora" or "gguf"
  std::filesystem::path path;
  std::uint64_t bytes = 0;
};

struct TeachReport {
  std::vector<Outcome> outcomes;  ///< one per request, in their order
  std::size_t earlier = 0;        ///< edits in force before
  std::size_t rechecked = 0;      ///< number of those edits that were asked again
  bool store_used = false;        ///< there is a store
  StatisticsUsed statistics;
  std::vector<WrittenFile> files;
  /// A file could not be put in its place. The store, if there is one, has the edits all the same.
  std::optional<Error> undelivered;

  [[nodiscard]] std::size_t kept() const;
  /// Number of edits that were not kept, besides those that a later request replaces.
  [[nodiscard]] std::size_t missed() const;
  /// True if any search ended with the new answer, kept or not.
  [[nodiscard]] bool reached() const;
};

}  // namespace mobiedit
