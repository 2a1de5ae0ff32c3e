// Runs rows of many sequences through some of the blocks: the one forward pass that prefill, decode, scoring and an
// edit's evaluations all are.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "kernels/attention.h"
#include "kernels/linear.h"
#include "mobiedit/base/result.h"
#include "mobiedit/model/model.h"
#include "model/active_deltas.h"
#include "model/kv_cache.h"

namespace mobiedit {

/// Neighbouring rows of a batch that belong to one sequence: positions prefix_length … prefix_length + rows - 1.
struct BatchSequence {
  const KvCache* prefix = nullptr;  ///< K/V of positions [0, prefix_length); shared by any number of sequences
  int prefix_length = 0;
  int rows = 0;
  KvCache* store = nullptr;  ///< where to keep the rows' own K/V, at their positions; null: nowhere
  /// Of the blocks that it holds, what stands in for the K/V of rows at positions [frozen_first, frozen_end).
  const KvCache* frozen = nullptr;
  int frozen_first = 0, frozen_end = 0;
};

/// What to note down as the rows pass the feed-forward of block `block`.
struct Capture {
  int block = -1;
  float* keys = nullptr;      ///< [rows, f]: the down-projection's input
  float* values = nullptr;    ///< [rows, d]: its output; may be null
  bool stop_at_keys = false;  ///< leave once the keys are known
};

/// For static activations of 16 bits: the largest magnitude of what each product reads, [4 blocks + 1]. Of a block the
/// rows that attention's weights, its output, the feed-forward and the down-projection read; last the output weight's.
struct ActivationRanges {
  std::vector<float> largest;
};

/// Multiply-accumulates in products with weights, and rows.
struct Work {
  std::uint64_t integer = 0;
  std::uint64_t floating = 0;
  std::uint64_t rows = 0;  ///< through a block each
};

/// Scratch for forward passes; grows to the largest batch seen. Borrows all that it is given. One thread at a time.
class Forward {
 public:
  Forward(const Model& model, ThreadPool& pool);

  /// Both may be null and must outlive their use. `float_down`: block `float_down_block`'s W_down in floating point,
  /// in place of the model's own.
  void set_deltas(const ActiveDeltas* deltas) { deltas_ = deltas; }
  void set_float_down(int block, const kernels::PackedWeight* float_down) {
    float_down_block_ = block;
    float_down_ = float_down;
  }

  /// Codes of 16 bits instead of 8, where weights are integers: rounding is hardly to be seen any more; products cost
  /// up to twice as much.
  void set_wide_activations(bool wide) { wide_activations_ = wide; }

  /// Rounds what products read to codes of 16 bits over ranges that are fixed beforehand, and clips it; the products
  /// then round as they would anyway. Borrowed; null: no such rounding.
  void set_ranges(const ActivationRanges* ranges) { ranges_ = ranges; }
  /// Widens `ranges` by all that products read, from now on. Borrowed; null: no longer.
  void measure_ranges(ActivationRanges* ranges);

  /// residual [tokens, d] = the tokens' embeddings; ids must be inside the vocabulary.
  void embed(std::span<const Token> tokens, float* residual) const;

  /// Blocks first … end-1 on residual [rows, d], in place; the sequences' rows follow each other and add up to rows.
  /// `wanted` (ascending row numbers): only these rows' results are needed, and they are moved to the front of
  /// `residual`, in order. Empty: all are wanted.
  void run_blocks(int first, int end, float* residual, std::span<const BatchSequence> sequences,
                  std::span<const int> wanted = {}, const Capture* capture = nullptr);

  /// h [rows, d] = the normed final state of residual [rows, d]: what the output weight reads.
  void final_norm(const float* residual, int rows, float* h);

  /// logits [rows, vocab] of residual [rows, d].
  void logits(const float* residual, int rows, float* out);

  /// The same a slice of the vocabulary at a time, so that many rows need little room: work(row, first, logits) with
  /// the logits of tokens first, first + 1, …, which it may overwrite; slices in order, a slice's rows on several
  /// threads.
  using LogitsFn = std::function<void(int row, Token first, std::span<float> logits)>;
  void logits_by_slice(const float* residual, int rows, const LogitsFn& work);

  /// Row `token` of the output weight, [d].
  void output_row(Token token, std::span<float> row) const;

  [[nodiscard]] const ModelConfig& config() const;
  [[nodiscard]] Work work() const { return work_; }  ///< since it was made

 private:
  struct Row {
    int sequence;
    int position;
    int first_row;  // of its sequence, in the batch
  };

  struct Projection {
    const kernels::PackedWeight* weight;
    std::span<const float> bias;  // may be empty
    ActiveDeltas::Slot slot;
    float* y;
  };

  /// work(row) for each row, on all threads.
  void for_rows(int rows, const std::function<void(int)>& work);
  void rotate(float* x, int heads, int row, std::span<const float> head_norm) const;
  void put_frozen(int block, int row, std::span<const BatchSequence> sequences);
  void store_keys_and_values(int block, int row, std::span<const BatchSequence> sequences) const;
  void attend(int block, const float* q, std::span<const BatchSequence> sequences, std::span<const int> query_rows,
              float* out);
  void add_deltas(int block, ActiveDeltas::Slot slot, const float* x, int rows, int in, float* y, int out);
  /// Of the activations set last.
  void project(int block, std::initializer_list<Projection> projections);
  void count(const kernels::PackedWeight& weight, int rows);
  enum Reader { attention, attention_output, feed_forward, down, readers };
  /// `block` = blocks and attention: the output weight.
  void set_activations(int block, Reader reader, float* x, int rows, int width,
                       std::initializer_list<const kernels::PackedWeight*> weights,
                       const std::function<void(int)>& fill = {});
  void prepare_rows(std::span<const BatchSequence> sequences);
  void read_output(const float* residual, int rows);
  void final_norm_row(const float* residual, int row, float* h) const;

  const Model& model_;
  ThreadPool& pool_;
  const ActiveDeltas* deltas_ = nullptr;
  kernels::Activations summed_;  // what a sum of deltas reads, and
  std::vector<float> sums_;      // gives
  int float_down_block_ = -1;
  const kernels::PackedWeight* float_down_ = nullptr;
  bool wide_activations_ = false;
  const ActivationRanges* ranges_ = nullptr;
  ActivationRanges* measured_ranges_ = nullptr;

  std::vector<double> inverse_frequencies_;
  std::vector<Row> rows_;
  std::vector<int> all_rows_;
  std::vector<float> cos_, sin_;  // [rows, rope_dimensions / 2]
  std::vector<float> normed_, q_, k_, v_, attended_, gate_, up_, out_, slice_logits_;
  struct AttentionRows {
    std::size_t first;
    std::size_t count;
  };
  std::vector<int> lengths_;
  std::vector<AttentionRows> tiles_;
  std::vector<kernels::AttentionScratch> attention_scratch_;  // a thread each
  kernels::Activations activations_;
  Work work_;
};

}  // namespace mobiedit
