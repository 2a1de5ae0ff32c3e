// Forward pass on the processor, with packed weights and the kernels of its instruction set.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

#include "backend/cpu/batch_rows.h"
#include "backend/cpu/weights.h"
#include "backend/forward_pass.h"
#include "kernels/attention.h"
#include "kernels/linear.h"
#include "kernels/vector_ops.h"

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
  struct Projection {
    const kernels::PackedWeight* weight;
    std::span<const float> bias;  // may be empty
    ActiveDeltas::Slot slot;
    float* y;
  };

  /// Rotary positions of the rows at hand, for layers with one specification.
  struct RopeTable {
    RopeSpec spec;
    std::vector<double> frequencies;
    std::vector<float> cosines, sines;  // [rows, frequencies]
  };

  /// Output of attention or a feed-forward, out_, that waits to be added until the rows are next read.
  struct Waiting {
    bool any = false;
    const std::vector<float>* norm = nullptr;  // empty: none
    float scale = 1.0f;
  };

  /// Calls work(row) for each row, on all threads.
  void for_rows(int rows, const std::function<void(int)>& work);
  /// Norms and turns the heads of row `row` of x; `batch_row` is its row in the batch.
  void rotate(int layer, float* x, int heads, int row, int batch_row, std::span<const float> norm) const;
  void put_frozen(int layer, int row, std::span<const BatchSequence> sequences);
  void store_keys_and_values(int layer, int row, std::span<const BatchSequence> sequences) const;
  void attend(int layer, const float* q, std::span<const BatchSequence> sequences, std::span<const int> query_rows,
              float* out);
  void add_deltas(const ActiveDeltas* deltas, int layer, ActiveDeltas::Slot slot, const float* x, int rows, int in,
                  float* y, int out);
  /// Adds the neurons' output for normed rows [first, first + rows) to out_.
  void add_neurons(const ActiveNeurons::Layer& neurons, GateActivation activation, int first, int rows);
  /// Adds the output of every set of neurons in force. `rows`: the batch's rows that go on.
  void add_neurons(int layer, std::span<const BatchSequence> sequences, std::span<const int> rows,
                   const PassOptions& options);
  void inject(const Injections& injections, float* values) const;
  /// Puts injections of the layer before the pass into its output, the residual.
  void inject_before(const Injections& injections, float* residual) const;
  void add_waiting(const Waiting& waiting, int row, float* residual);
  /// normed_ row = the normed residual row, or the row itself without a norm.
  void normalise_row(std::span<const float> norm, int row, const float* residual);
  void activate(GateActivation activation, std::span<float> gate, std::span<const float> up) const;
  /// Runs the rows of normed_ [rows, d] through a plain feed-forward's products, into gate_ and out_; or through
  /// experts. False: the capture wants no more.
  bool feed_forward(const PassOptions& options, int layer, int rows, const Capture* capture,
                    const std::function<void(int)>& fill);
  void run_experts(const PassOptions& options, int layer, int rows);
  void choose_experts(const ExpertSpec& spec, int rows);
  /// Multiplies the activations set last.
  void project(const PassOptions& options, int layer, std::initializer_list<Projection> projections);
  void count(const kernels::PackedWeight& weight, int rows);
  enum Reader { attention_input, attention_output, feed_forward_input, down_input, readers };
  /// Names the product that reads the activations: one of a layer, or the output weight after the last layer.
  struct ReadBy {
    int layer;
    Reader reader;
  };
  [[nodiscard]] ReadBy output_reader() const { return {config().layers, attention_input}; }
  void set_activations(const PassOptions& options, ReadBy by, float* x, int rows, int width,
                       std::initializer_list<const kernels::PackedWeight*> weights,
                       const std::function<void(int)>& fill = {});
  void prepare_rows(std::span<const BatchSequence> sequences);
  void read_output(const PassOptions& options, const float* residual, int rows);
  [[nodiscard]] int rows_of(std::span<const float> residual) const;
  void final_norm_row(const float* residual, int row, float* h) const;
  void finish_logits(std::span<float> logits) const;

  const Model& model_;
  ThreadPool& pool_;
  kernels::Activations summed_;  // input of a sum of deltas
  std::vector<float> sums_;      // output of a sum of deltas
  kernels::Activations neuron_activations_;
  std::vector<float> neuron_gate_, neuron_up_, neuron_out_;
  int float_down_layer_ = -1;
  std::optional<kernels::PackedWeight> float_down_;

  kernels::RowOps ops_;
  std::vector<RopeTable> ropes_;
  std::vector<std::size_t> rope_of_;  // per layer: index among ropes_
  std::vector<BatchRow> rows_;
  std::vector<int> all_rows_;
  std::vector<float> normed_, q_, k_, v_, attended_, gate_, up_, out_, slice_logits_;
  struct AttentionRows {
    std::size_t first;
    std::size_t count;
  };
  std::vector<int> lengths_;
  std::vector<AttentionRows> tiles_;
  std::vector<kernels::AttentionScratch> attention_scratch_;  // one per thread
  std::vector<float> routed_, expert_in_, expert_out_;
  struct Chosen {
    int row;
    float weight;
  };
  std::vector<std::vector<Chosen>> chosen_;  // one list per expert
  kernels::Activations activations_;
  Work work_;
};

}  // namespace mobiedit
