// Battery: metrics of a data set with edits in force, beside the unedited model and beside the fact given in the
// prompt.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edit/chat_format.h"
#include "lab/battery/asks.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/eval/dataset.h"
#include "mobiedit/eval/metrics.h"
#include "mobiedit/model/model.h"
#include "mobiedit/model/session.h"

namespace mobiedit {

struct BatteryOptions {
  std::string running_text;             ///< limit of tokens of the running text
  std::size_t running_tokens = 49'152;  ///< of the text, at most
  /// Called before each part of the work, `done` of `all`; may be empty.
  std::function<void(std::string_view part, std::size_t done, std::size_t all)> progress;
};

/// A model in one state: unedited, with the fact in each prompt, or with edits in force.
struct BatteryState {
  std::vector<FactOutcome> outcomes;  ///< one per record, in order; the costs of edits are left at zero
  /// Perplexity of what the unedited model says about the subjects. Nothing where it says nothing.
  std::optional<double> own_words_perplexity;
  std::optional<double> perplexity;  ///< perplexity of the running text
  double seconds = 0;                ///< seconds that measuring took
};

/// Measures the unedited model first, and every other state against it. Knows nothing of how edits are written: they
/// are in force in the session that it is given. Borrows model and records, which must outlive it.
class Battery {
 public:
  /// `session` has no edits in force. Errors: those of ChatFormat::find, measure_fact, Session::continue_all and
  /// perplexity.
  [[nodiscard]] static Result<Battery> begin(const Model& model, std::span<const FactRecord> facts, Session& session,
                                             BatteryOptions options, const CancelToken& cancel = {});

  [[nodiscard]] const BatteryState& unedited() const { return unedited_; }
  /// False for a model without a chat template: it has no columns of chat.
  [[nodiscard]] bool chats() const { return chat_.has_value(); }

  /// The model with the edits that are in force in the session. Errors: those of `begin`.
  [[nodiscard]] Result<BatteryState> with_edits(Session& session, const CancelToken& cancel = {}) const;
  /// The unedited model with a record's new fact before each of its prompts; `session` has no edits in force. Errors:
  /// those of `begin`.
  [[nodiscard]] Result<BatteryState> with_fact_in_prompt(Session& session, const CancelToken& cancel = {}) const;

 private:
  Battery(const Model& model, std::span<const FactRecord> facts, BatteryOptions options)
      : model_(model), facts_(facts), options_(std::move(options)) {}

  [[nodiscard]] Result<std::vector<FactOutcome>> scored(Session& session, bool fact_in_prompt,
                                                        const CancelToken& cancel) const;
  [[nodiscard]] Result<std::vector<Generation>> answers(Session& session, std::span<const Ask> asks, bool all,
                                                        const CancelToken& cancel) const;
  [[nodiscard]] Result<std::optional<double>> own_words_perplexity(Session& session, std::span<const Ask> asks,
                                                                   const CancelToken& cancel) const;
  [[nodiscard]] Result<BatteryState> assess(Session& session, std::span<const Ask> asks,
                                            std::span<const Generation> said, bool fact_in_prompt,
                                            const CancelToken& cancel) const;
  [[nodiscard]] Result<BatteryState> measured(Session& session, bool fact_in_prompt, const CancelToken& cancel) const;
  void tell(std::string_view part, std::size_t done, std::size_t all) const;

  const Model& model_;
  std::span<const FactRecord> facts_;
  BatteryOptions options_;
  std::optional<ChatFormat> chat_;
  std::vector<Generation> base_answers_;  ///< answers of the unedited model, in order of the asks
  BatteryState unedited_;
};

}  // namespace mobiedit
