// One edit as an objective: everything that δ cannot change is computed once, the rest at each evaluation (the exact
// cache of docs/method.md).
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "backend/cpu/tape.h"
#include "backend/forward_pass.h"
#include "edit/contexts.h"
#include "edit/objective.h"
#include "edit/statistics/mean_jacobian.h"
#include "mobiedit/base/cancel.h"

namespace mobiedit {

/// Borrows forward and its model. One thread at a time.
class EditObjective final : public Objective {
 public:
  static constexpr std::size_t batch_rows = 256;  ///< rows a forward pass: products at full speed, scratch small

  /// Runs the contexts up to block `layer` and keeps what later evaluations share. `kept`: how many logits of each row
  /// are told apart, the base distribution's first; its tail moves as one. Errors: cancelled, out_of_memory.
  static Result<std::unique_ptr<EditObjective>> create(ForwardPass& forward, const PassOptions& pass,
                                                       ContextSet contexts, int layer, const CancelToken& cancel,
                                                       int kept = 128);

  // What was seen on the way. Context 0 is the bare prompt, the last one the KL prompt.
  [[nodiscard]] std::span<const float> key_mean() const { return key_mean_; }  ///< k* [f], over the prompts
  [[nodiscard]] std::span<const float> value() const { return value_; }        ///< v₀ [d]: the bare prompt's
  /// Each prompt's key at s, [prompts, f].
  [[nodiscard]] std::vector<float> prompt_keys() const;
  [[nodiscard]] const ContextSet& contexts() const { return contexts_; }

  /// Injects what the rank-one update along `right` will: token t of a context gets δ·(right·k_t)/(right·k*), so that
  /// the search sees the edit as it will be written. Before this call every context gets δ itself, at s alone. Keys of
  /// tokens before s would change too; they are left out, as everywhere.
  void inject_along(std::span<const float> right);

  [[nodiscard]] int dimension() const override;
  [[nodiscard]] int kept() const override { return kept_; }
  [[nodiscard]] std::span<const ObjectiveRow> rows() const override { return rows_; }
  [[nodiscard]] double value_norm() const override { return value_norm_; }
  [[nodiscard]] std::span<const float> residual() const override;
  [[nodiscard]] bool expect(int row, std::span<float> jacobian) const override;
  [[nodiscard]] Result<Outputs> evaluate(std::span<const float> deltas, int n) override;
  [[nodiscard]] int prompts() const override { return static_cast<int>(contexts_.prompts.size()); }
  [[nodiscard]] Result<Outputs> probe(std::span<const float> deltas, int n) override;

  EditObjective(const EditObjective&) = delete;
  EditObjective& operator=(const EditObjective&) = delete;
  [[nodiscard]] Status use_static_activations(bool on) override;
  [[nodiscard]] Status freeze(std::span<const float> delta) override;
  void use_frozen(bool on) override { use_frozen_ = on; }
  [[nodiscard]] Result<std::vector<double>> frozen_cosines(std::span<const float> delta) override;

  /// How evaluations are computed from now on: with the cache or without, many in a pass or one.
  void compute(bool prefix_cache, bool batched) {
    prefix_cache_ = prefix_cache;
    batched_ = batched;
  }

  /// Evaluations so far: each of all contexts at one δ, or of as many contexts at a δ each.
  [[nodiscard]] int evaluations() const { return evaluations_; }
  /// What is expected of logits; borrowed, may be null.
  void set_jacobian(const MeanJacobian* jacobian) { jacobian_ = jacobian; }
  /// A backward pass from block layer + 1 on, of the same model; borrowed.
  void set_tape(Tape& tape);
  [[nodiscard]] Gradient* gradient() override;

 private:
  struct Part {                    // a context's share of the cache
    KvCache cache;                 // tokens before s, every block
    int prefix = 0;                // s
    int rows = 0;                  // tokens from s on
    std::vector<float> residual;   // [rows, d], leaving block `layer`
    std::vector<float> keys;       // [rows, f] at block `layer`
    std::vector<float> injection;  // [rows]: how much of δ each gets
    std::vector<int> wanted;       // rows whose logits are read
  };

  EditObjective(ForwardPass& forward, const PassOptions& pass, ContextSet contexts, int layer,
                const CancelToken& cancel, int kept);
  Status prepare();
  template <class Take>
  Status in_batches(const int Part::* rows, const Take& take);
  Status read_prefixes(const std::vector<const Context*>& all);
  Status read_rest(const std::vector<const Context*>& all, std::vector<float>& values);
  [[nodiscard]] std::vector<const Context*> all_contexts() const;
  void measure_ranges();
  /// What each prompt's tokens from s on are to attention at δ, above the edited block.
  [[nodiscard]] std::vector<KvCache> keys_and_values(std::span<const float> delta);
  [[nodiscard]] int frozen_end(int part) const;
  struct Job {
    int delta;
    int part;
    int first_row;  // of its own, in Outputs
  };
  Status run(std::span<const float> deltas, std::span<const Job> jobs, Outputs& outputs);
  void run_batch(std::span<const float> deltas, std::span<const Job> jobs, Outputs& outputs);
  [[nodiscard]] const Context& context_of(int part) const;
  [[nodiscard]] int skipped(int part) const;
  void fill_rows(std::span<const Job> jobs);
  [[nodiscard]] Outputs make_outputs(int n, std::size_t rows) const;
  void choose_kept(int wanted);
  void choose_kept(std::span<const float> logits, int which);

  ForwardPass& forward_;
  PassOptions pass_;
  const MeanJacobian* jacobian_ = nullptr;
  ContextSet contexts_;
  int layer_;
  CancelToken cancel_;
  std::vector<Part> parts_;
  std::vector<int> first_row_;  // of each part, among rows_
  std::vector<ObjectiveRow> rows_;
  std::vector<Token> row_targets_;  // −1: the KL row
  int kept_ = 0;
  std::vector<Token> kept_tokens_;  // [rows, kept]
  std::vector<float> key_mean_, value_;
  double value_norm_ = 0;
  int evaluations_ = 0;
  bool prefix_cache_ = true, batched_ = true;
  std::vector<float> residual_;
  ActivationRanges ranges_;
  std::vector<KvCache> frozen_;  // of each prompt
  bool use_frozen_ = false;
  class Recorder;
  std::unique_ptr<Gradient> recorder_;
};

}  // namespace mobiedit
