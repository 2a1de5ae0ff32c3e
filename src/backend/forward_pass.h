// Forward pass: the interface that a backend implements. Prefill, decoding, scoring and an edit's evaluations all use
// it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "backend/active_deltas.h"
#include "backend/active_neurons.h"
#include "backend/kv_cache.h"
#include "base/thread_pool.h"
#include "mobiedit/base/result.h"
#include "mobiedit/model/model.h"
#include "mobiedit/model/session.h"

namespace mobiedit {

/// Layers [begin, end).
struct LayerRange {
  int begin = 0;
  int end = 0;
};

/// Neighbouring rows of a batch that belong to one sequence: positions prefix_length … prefix_length + rows - 1.
struct BatchSequence {
  const KvCache* prefix = nullptr;  ///< K/V of positions [0, prefix_length); any number of sequences may share it
  int prefix_length = 0;
  int rows = 0;
  KvCache* store = nullptr;  ///< receives the rows' own K/V at their positions; null: they are dropped
  /// In the layers that it holds, its K/V replace those of rows at positions [frozen_first, frozen_end).
  const KvCache* frozen = nullptr;
  int frozen_first = 0, frozen_end = 0;
  const ActiveNeurons* neurons = nullptr;  ///< in force for its rows, besides PassOptions::neurons; null: none
};

/// Buffers that receive what passes the feed-forward of one layer. Each may be null.
struct Capture {
  int layer = -1;
  float* keys = nullptr;        ///< [rows, f]: the input of the down product
  float* values = nullptr;      ///< [rows, d]: the output of the down product, with neurons and injections
  bool stop_at_keys = false;    ///< ends the pass once the keys are known
  float* inputs = nullptr;      ///< [rows, d]: the input of the gate and up products
  bool stop_at_inputs = false;  ///< ends the pass once the inputs are known
};

/// Largest magnitudes that the products read, [4 layers + 1]: calibration for static 16-bit activations. A layer has
/// four: of the rows that attention's weights, its output, the feed-forward and the down product read. The last one
/// belongs to the output weight.
struct ActivationRanges {
  std::vector<float> largest;
};

/// Adds amount · vectors[vector] to the feed-forward's output of one row.
struct Injection {
  int row = 0;
  int vector = 0;
  float amount = 0;
};

/// Changes of the feed-forward's output at one layer, before any norm that follows it: an update of the down weight, or
/// neurons, as a search tries them.
struct Injections {
  int layer = -1;                  ///< a layer of the pass, or the one before its first
  std::span<const float> vectors;  ///< [n, d]
  std::span<const Injection> rows;
  /// [rows, d]: the feed-forward's outputs at `layer`, as Capture::values gives them. Read only where the layer comes
  /// before the pass and a norm follows its feed-forward; the residual then is what left that layer.
  const float* values = nullptr;
};

/// Settings of one call. Everything is borrowed for the call alone, and nothing outlives it.
struct PassOptions {
  const ActiveDeltas* deltas = nullptr;         ///< adapters in force; null: none
  const ActiveNeurons* neurons = nullptr;       ///< neurons in force for all rows; null: none
  int float_down_layer = -1;                    ///< the layer whose down product runs in float32; needs load_float_down
  Activations activations = Activations::int8;  ///< bits of activations where weights are integers
  const ActivationRanges* ranges = nullptr;     ///< clips and rounds what products read to static 16-bit codes
  ActivationRanges* measured_ranges = nullptr;  ///< is widened by all that products read
  const Capture* capture = nullptr;
  const Injections* injections = nullptr;
  /// Ascending row numbers: only their results are computed, and they are moved to the front of the residual, in order.
  /// Empty: all rows.
  std::span<const int> outputs;

  [[nodiscard]] PassOptions with_outputs(std::span<const int> rows) const {
    PassOptions changed = *this;
    changed.outputs = rows;
    return changed;
  }
  [[nodiscard]] PassOptions with_injections(const Injections& changes) const {
    PassOptions changed = *this;
    changed.injections = &changes;
    return changed;
  }
  [[nodiscard]] PassOptions with_capture(const Capture& noted) const {
    PassOptions changed = *this;
    changed.capture = &noted;
    return changed;
  }
};

/// Multiply-accumulates in products with weights, and rows.
struct Work {
  std::uint64_t integer = 0;
  std::uint64_t floating = 0;
  std::uint64_t rows = 0;  ///< each counts once per layer
};

/// Grows its scratch memory to the largest batch seen. Use it from one thread at a time. Calls throw std::bad_alloc.
class ForwardPass {
 public:
  virtual ~ForwardPass() = default;

  /// Loads layer `layer`'s down weight in float32, for PassOptions::float_down_layer; drops the one before. Errors:
  /// out_of_memory, bad_model; then the one before stays.
  [[nodiscard]] virtual Status load_float_down(int layer) = 0;

  /// residual [tokens, d] = the tokens' embeddings; ids must be inside the vocabulary.
  virtual void embed(std::span<const Token> tokens, std::span<float> residual) const = 0;

  /// Runs residual [rows, d] through `layers`, in place. The sequences' rows follow each other and add up to rows.
  virtual void run_layers(LayerRange layers, std::span<float> residual, std::span<const BatchSequence> sequences,
                          const PassOptions& options) = 0;

  /// h [rows, d] = the normed final state of residual [rows, d]: the input of the output weight.
  virtual void final_norm(std::span<const float> residual, std::span<float> h) = 0;

  /// logits [rows, vocab] of residual [rows, d].
  virtual void logits(std::span<const float> residual, std::span<float> logits, const PassOptions& options) = 0;

  /// Computes logits of residual [rows, d] one slice of the vocabulary at a time, so that many rows need little memory.
  /// Calls work(row, first, logits) with the logits of tokens first, first + 1, …, which it may overwrite. Slices come
  /// in order; the rows of a slice are handled by several threads.
  using LogitsFn = std::function<void(int row, Token first, std::span<float> logits)>;
  virtual void logits_by_slice(std::span<const float> residual, const PassOptions& options, const LogitsFn& work) = 0;

  /// Writes row `token` of the output weight, [d].
  virtual void output_row(Token token, std::span<float> row) const = 0;

  [[nodiscard]] virtual const ModelConfig& config() const = 0;
  [[nodiscard]] virtual Work work() const = 0;  ///< multiply-accumulates and rows since this object was made
};

/// A forward pass of the model's backend. Borrows both, which must outlive it. Throws std::bad_alloc.
[[nodiscard]] std::unique_ptr<ForwardPass> make_forward_pass(const Model& model, ThreadPool& pool);

}  // namespace mobiedit
