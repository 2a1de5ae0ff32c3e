// Backward pass: layers first … last and the output weight in float32, keeping everything that the way back needs. Only
// methods that need a gradient make one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "backend/cpu/batch_rows.h"
#include "backend/forward_pass.h"
#include "kernels/linear.h"
#include "kernels/vector_ops.h"

namespace mobiedit {

/// Holds float32 copies of the weights it passes, and their transposes: eight bytes a weight. One thread at a time.
class Tape {
 public:
  /// Borrows the model and the pool. Errors: out_of_memory.
  static Result<std::unique_ptr<Tape>> create(const Model& model, ThreadPool& pool, int first_layer);

  /// Runs rows [rows, d] that enter layer `first_layer`. Reads the deltas, neurons and injections of `options`, all
  /// borrowed until pull_back, and its outputs, which must not be empty. Throws std::bad_alloc, as everything here.
  void record(std::span<const float> residual, std::span<const BatchSequence> sequences, const PassOptions& options);
  /// [wanted, vocab], of the last record.
  [[nodiscard]] std::span<const float> logits() const { return logits_; }
  /// Turns `gradient` [wanted, vocab], the derivative of a loss by the logits just recorded, into its derivative by the
  /// residual, [rows, d].
  std::span<const float> pull_back(std::span<const float> gradient);
  /// After pull_back: the loss's derivative by the vectors of the injections, [n, d].
  [[nodiscard]] std::span<const float> vector_gradient() const { return vector_gradient_; }

  [[nodiscard]] int first_layer() const { return first_; }
  /// Multiply-accumulates in products with weights so far, both ways.
  [[nodiscard]] std::uint64_t work() const { return work_; }

 private:
  using Slot = ActiveDeltas::Slot;
  struct Product {  // W and Wᵀ
    kernels::PackedWeight own, transposed;
    const kernels::PackedWeight* forward = nullptr;  // the model's, where that is in float32; else `own` is
  };
  struct Step {                                 // one layer's part of the tape
    std::vector<float> in;                      // [rows, d]
    std::vector<float> q, k, v;                 // as attention reads them: [queries, q_size], [rows, kv_size]
    std::vector<float> q_plain, k_plain;        // before the heads' norms, where there are any
    std::vector<std::vector<float>> attention;  // per query: [heads, its length]
    std::vector<float> middle;                  // [queries, d], between attention and feed-forward
    std::vector<float> gate, up;                // [queries, f]
    std::vector<float> attention_out, ffn_out;  // [queries, d], where a norm follows
  };
  Tape(const Model& model, ThreadPool& pool, int first_layer);
  Status load();
  Status load(int n, int k, const kernels::PackedWeight::FloatRows& rows, bool transposed_only, Product& product);
  [[nodiscard]] const Product& product(int layer, Slot slot) const;
  [[nodiscard]] std::span<const int> queries(int layer) const;

  void multiply(int layer, Slot slot, std::span<const float> bias, const float* x, int rows, float* y);
  void multiply_back(int layer, Slot slot, const float* gy, int rows, float* gx);
  void linear(const kernels::PackedWeight& weight, const float* bias, const float* x, int rows, float* y);
  /// Calls work(neurons, first, rows) for each set in force and those of the layer's queries that it serves.
  template <class Work>
  void for_neurons(int layer, const Work& work) const;
  [[nodiscard]] bool has_neurons(int layer) const;
  void add_neurons(int layer, const std::vector<float>& normed, std::vector<float>& out);
  void add_neuron_gradients(int layer, const std::vector<float>& normed, const std::vector<float>& gradient,
                            std::vector<float>& by_normed);
  void inject(int layer, std::vector<float>& out) const;
  void pull_injections(int layer, const std::vector<float>& gradient);
  // Injections of the layer before the tape's first.
  void inject_before(std::vector<float>& residual);
  void pull_before(const std::vector<float>& gradient);
  /// Place of a batch row among the layer's queries; -1: it is none of them.
  [[nodiscard]] int query_of(int layer, int row) const;
  void normalise(const std::vector<float>& x, const std::vector<float>& norm, std::vector<float>& y);
  void normalise_back(const std::vector<float>& x, const std::vector<float>& norm, std::vector<float>& g);
  void rotate(int layer, std::vector<float>& x, std::span<const int> rows, bool back) const;
  void activate(GateActivation activation, std::span<const float> gate, std::span<const float> up,
                std::span<float> y) const;
  static void activate_back(GateActivation activation, std::span<const float> gy, std::span<float> gate,
                            std::span<float> up);
  /// residual += scale · norm(out); keeps what the norm reads.
  void add_output(const std::vector<float>& norm, float scale, std::vector<float>& out, std::vector<float>& kept,
                  std::vector<float>& residual);
  /// The gradient by `out` of add_output.
  [[nodiscard]] std::vector<float> output_back(const std::vector<float>& norm, float scale,
                                               const std::vector<float>& kept, const std::vector<float>& gradient);
  void attend(int layer, Step& step, std::vector<float>& out);
  void attend_back(int layer, const Step& step, const std::vector<float>& g, std::vector<float>& gq,
                   std::vector<float>& gk, std::vector<float>& gv);
  void forward_layer(int layer, std::vector<float>& residual);
  void backward_layer(int layer, std::vector<float>& gradient);

  const Model& model_;
  ThreadPool& pool_;
  int first_;
  PassOptions options_;
  std::vector<Product> products_;  // [layers − first, slots]
  Product output_;
  kernels::RowOps ops_;
  std::vector<std::vector<double>> frequencies_;  // frequencies of each layer, from the first of the tape on

  std::vector<BatchSequence> sequences_;
  std::vector<BatchRow> rows_;
  std::vector<int> all_rows_, wanted_;
  std::vector<Step> steps_;
  std::vector<float> out_, logits_, gradient_;           // out_: what leaves the last layer, [wanted, d]
  std::vector<float> vector_gradient_, changed_values_;  // [rows, d]: values with injections, before the tape
  kernels::Activations activations_;
  std::uint64_t work_ = 0;
};

}  // namespace mobiedit
