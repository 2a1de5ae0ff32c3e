// Forward pass on the processor, with packed weights and the kernels of its instruction set.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

#include "backend/forward_pass.h"
#include "kernels/attention.h"
#include "kernels/linear.h"

namespace mobiedit {

/// Borrows the model and the pool.
class CpuForward final : public ForwardPass {
 public:
  CpuForward(const Model& model, ThreadPool& pool);

  [[nodiscard]] Status load_float_down(int layer) override;
  void embed(std::span<const Token> tokens, std::span<float> residual) const override;
  void run_layers(LayerRange layers, std::span<float> residual, std::span<const BatchSequence> sequences,
                  const PassOptions& options) override;
  void final_norm(std::span<const float> residual, std::span<float> h) override;
  void logits(std::span<const float> residual, std::span<float> logits, const PassOptions& options) override;
  void logits_by_slice(std::span<const float> residual, const PassOptions& options, const LogitsFn& work) override;
  void output_row(Token token, std::span<float> row) const override;
  [[nodiscard]] const ModelConfig& config() const override;
  [[nodiscard]] Work work() const override { return work_; }

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
  void put_frozen(int layer, int row, std::span<const BatchSequence> sequences);
  void store_keys_and_values(int layer, int row, std::span<const BatchSequence> sequences) const;
  void attend(int layer, const float* q, std::span<const BatchSequence> sequences, std::span<const int> query_rows,
              float* out);
  void add_deltas(const ActiveDeltas* deltas, int layer, ActiveDeltas::Slot slot, const float* x, int rows, int in,
                  float* y, int out);
  /// Multiplies the activations set last.
  void project(const PassOptions& options, int layer, std::initializer_list<Projection> projections);
  void count(const kernels::PackedWeight& weight, int rows);
  enum Reader { attention, attention_output, feed_forward, down, readers };
  /// What reads the activations: a product of a layer, or the output weight after the last one.
  struct ReadBy {
    int layer;
    Reader reader;
  };
  [[nodiscard]] ReadBy output_reader() const { return {config().layers, attention}; }
  void set_activations(const PassOptions& options, ReadBy by, float* x, int rows, int width,
                       std::initializer_list<const kernels::PackedWeight*> weights,
                       const std::function<void(int)>& fill = {});
  void prepare_rows(std::span<const BatchSequence> sequences);
  void read_output(const PassOptions& options, const float* residual, int rows);
  [[nodiscard]] int rows_of(std::span<const float> residual) const;
  void final_norm_row(const float* residual, int row, float* h) const;

  const Model& model_;
  ThreadPool& pool_;
  kernels::Activations summed_;  // the input of a sum of deltas, and
  std::vector<float> sums_;      // its output
  int float_down_layer_ = -1;
  std::optional<kernels::PackedWeight> float_down_;

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
