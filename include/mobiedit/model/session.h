// Session with a model: a KV cache, the changes in force, scoring and generation.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/model/changes.h"
#include "mobiedit/model/low_rank.h"
#include "mobiedit/model/model.h"
#include "mobiedit/model/neuron.h"

namespace mobiedit {

class ThreadPool;

/// To how many bits the products with integer weights round what they read, a group of 32 at a time.
enum class Activations {
  int8,   ///< 8 bits, as in an edit's search: a log-probability is off by about 0.1 nats
  int16,  ///< 16 bits: off by about 0.001 nats
};

struct SessionOptions {
  int threads = 0;  ///< 0: one for each processor
  int context = 0;  ///< longest sequence, tokens; 0: the model's own
  Activations activations = Activations::int16;
  std::shared_ptr<ThreadPool> pool;  ///< shared worker threads (Engine::pool); none: `threads` of its own
};

struct GenerateOptions {
  int max_tokens = 64;
  float temperature = 0.0f;  ///< 0: greedy
  int top_k = 40;            ///< 0: all
  float top_p = 0.95f;
  std::uint64_t seed = 0;
  std::vector<std::string> stop;  ///< generation ends where one of these appears; empty ones count as absent
};

struct Generation {
  /// Tokens without the one that ended the text; those of a stop string are among them.
  std::vector<Token> tokens;
  std::string text;      ///< text without the stop string
  bool ended = false;    ///< the model itself ended the text
  bool stopped = false;  ///< a stop string ended the text
};

/// A prompt, and the most tokens to continue it by.
struct GenerationPrompt {
  std::vector<Token> tokens;
  int max_tokens = 64;
};

/// A text whose tokens from `first` on are to be scored given those before; 1 <= first <= tokens.size().
struct ScoredText {
  std::vector<Token> tokens;
  int first = 0;
};

struct Score {
  std::vector<float> log_probabilities;  ///< one for each of tokens[first…]
  std::vector<Token> best;               ///< the most probable token at each of these places
  bool greedy = false;                   ///< each of them was the most probable: greedy generation would give them
};

/// Borrows the model, which must outlive it. One thread at a time.
class Session {
 public:
  /// Errors: usage (a context beyond what memory or the model allows), out_of_memory.
  [[nodiscard]] static Result<Session> create(const Model& model, const SessionOptions& options = {});

  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  /// Replaces the adapters in force and empties the KV cache. Errors: usage (a tensor that the model doesn't have, or
  /// of other sizes); then nothing changed.
  [[nodiscard]] Status set_adapters(std::vector<LowRankDelta> adapters);

  /// Replaces the neurons in force and empties the KV cache. Errors: usage (a layer that the model lacks, rows of
  /// another length, a number that is not finite), out_of_memory; then nothing changed.
  [[nodiscard]] Status set_neurons(std::span<const Neuron> neurons);

  /// Replaces the adapters and the neurons in force, and empties the KV cache. Errors: as set_adapters and set_neurons;
  /// then nothing changed.
  [[nodiscard]] Status set_in_force(Changes changes);

  /// Empties the KV cache.
  void clear();
  [[nodiscard]] int position() const;
  /// Forgets the tokens after the first `position`; the logits are empty until the next append. Errors: usage (a
  /// negative position, or one beyond the current); then nothing changed.
  [[nodiscard]] Status rewind(int position);
  /// Reads tokens. Errors: usage (empty, an id outside the vocabulary, beyond the context), cancelled; on an error the
  /// position is what it was.
  [[nodiscard]] Status append(std::span<const Token> tokens, const CancelToken& cancel = {});
  /// [vocab], of the token after the last one read; empty before the first append.
  [[nodiscard]] std::span<const float> logits() const;

  /// Continues what was read. `on_text` gets the text as it comes, in whole characters, without what may still become a
  /// stop string; it may be empty.
  [[nodiscard]] Result<Generation> generate(const GenerateOptions& options,
                                            const std::function<void(std::string_view)>& on_text = {},
                                            const CancelToken& cancel = {});

  /// Continues each prompt greedily from an empty context, many of them in one batch, with the adapters and neurons in
  /// force; leaves the KV cache alone. Returns generations in order of the prompts, as `generate` would give them one
  /// by one. Errors: usage (a prompt that is empty, has an id outside the vocabulary, or is longer than the context),
  /// cancelled, out_of_memory.
  [[nodiscard]] Result<std::vector<Generation>> continue_all(std::span<const GenerationPrompt> prompts,
                                                             const CancelToken& cancel = {});

  /// Scores many texts in few batches, with the adapters in force; leaves the KV cache alone.
  [[nodiscard]] Result<std::vector<Score>> score(std::span<const ScoredText> texts, const CancelToken& cancel = {});

 private:
  struct State;
  explicit Session(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mobiedit
