// Damage of edits in force: how far they take a model from its base where no edit is meant to change it.
#pragma once

#include <algorithm>
#include <string>

namespace mobiedit {

/// A question, the base's answer and the answer with the edits in force. Empty where no answer differs.
struct ChangedAnswer {
  std::string question, before, after;
};

/// Divergences are KL(base || edited) in nats per token, means over positions.
struct Damage {
  /// Divergence at the tokens of held-back questions in the model's chat format; 0 without a template.
  double chat_turns = 0;
  /// Divergence at the tokens of the base's own answers to them; 0 without a template.
  double chat_answers = 0;
  double text = 0;  ///< divergence at the tokens of held-back text
  int answers = 0;  ///< questions that were answered again; 0: no answer was generated
  /// Number of answers that repeat themselves to their end, by the base and with the edits.
  int looping_before = 0, looping = 0;
  /// Number of answers that were cut off at the limit of tokens, by the base and with the edits.
  int endless_before = 0, endless = 0;
  ChangedAnswer changed;  ///< the answer that leaves the base's after the fewest tokens

  /// The largest of the three divergences.
  [[nodiscard]] double divergence() const { return std::max({chat_turns, chat_answers, text}); }
};

}  // namespace mobiedit
