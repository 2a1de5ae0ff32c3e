// Objective of one edit on a model: evaluates its contexts at any δ, on the context cache.
#pragma once

#include <cmath>
#include <memory>
#include <span>
#include <vector>

#include "backend/cpu/tape.h"
#include "backend/forward_pass.h"
#include "edit/context_cache.h"
#include "edit/contexts.h"
#include "edit/statistics/mean_jacobian.h"
#include "edit/top_logits.h"
#include "edit/write/write.h"
#include "mobiedit/base/cancel.h"
#include "search/objective.h"

namespace mobiedit {

/// Everything that is pointed to is borrowed and must outlive the objective.
struct EditObjectiveOptions {
  PassOptions pass;          ///< adapters in force, and the arithmetic of all passes
  int layer = 0;             ///< the edited layer
  int top_logits = 128;      ///< logits per row that are given one by one, at most the vocabulary
  bool prefix_cache = true;  ///< false: every evaluation runs all tokens through all layers
  bool batched = true;       ///< false: each pass has one context at one δ
  /// The write, which says where δ goes; null: all of δ goes to the subject's last token of each context.
  Write* write = nullptr;
  Tape* tape = nullptr;                    ///< backward pass from layer + 1 on; null: no gradient
  const MeanJacobian* jacobian = nullptr;  ///< what expect() gives; null: nothing
};

/// Borrows the forward pass and its model. One thread at a time.
class EditObjective final : public Objective {
 public:
  /// Fills the context cache, fits the write, and makes the first evaluation, at δ = 0. Its largest logits are those
  /// that every evaluation gives one by one. Errors: cancelled, out_of_memory, and those of Write::fit.
  [[nodiscard]] static Result<std::unique_ptr<EditObjective>> create(ForwardPass& forward, ContextSet contexts,
                                                                     const EditObjectiveOptions& options,
                                                                     const CancelToken& cancel);
  ~EditObjective() override;
  EditObjective(const EditObjective&) = delete;
  EditObjective& operator=(const EditObjective&) = delete;

  [[nodiscard]] const ContextCache& cache() const { return cache_; }
  [[nodiscard]] const ContextSet& contexts() const { return cache_.contexts(); }
  [[nodiscard]] std::span<const float> value() const { return cache_.value(); }  ///< v₀ [d], of the bare prompt
  /// Evaluations so far. One evaluation has all contexts at one δ, or as many contexts with a δ each.
  [[nodiscard]] int evaluations() const { return static_cast<int>(std::ceil(evaluations_)); }
  /// The groups of statements alone (Context::is_statement), as an objective that costs no more than their rows. Null
  /// where there are none, or nothing else. Borrows this.
  [[nodiscard]] std::unique_ptr<Objective> statements();

  [[nodiscard]] int dimension() const override;
  [[nodiscard]] int kept() const override { return top_.count(); }
  [[nodiscard]] std::span<const ObjectiveRow> rows() const override { return rows_; }
  [[nodiscard]] double value_norm() const override { return value_norm_; }
  [[nodiscard]] std::span<const float> residual() const override;
  [[nodiscard]] bool expect(int row, std::span<float> jacobian) const override;
  [[nodiscard]] Result<Outputs> evaluate(std::span<const float> deltas, int n) override;
  [[nodiscard]] int prompts() const { return cache_.prompts(); }
  [[nodiscard]] std::span<const RowGroup> groups() const override { return groups_; }
  [[nodiscard]] int probes_per_evaluation() const override { return probes_per_evaluation_; }
  [[nodiscard]] Result<Outputs> probe(std::span<const float> deltas, int n) override;
  [[nodiscard]] Gradient* gradient() override;
  [[nodiscard]] Approximations* approximations() override;

 private:
  class Recorder;                  // the gradient
  class Approximator;              // the approximations
  class Statements;                // a part of the contexts
  struct Part {                    // one context
    std::vector<float> injection;  // [rows]: how much of δ each row gets
    std::vector<int> wanted;       // rows whose logits are read, counted from s
    std::size_t first_row = 0;     // the first of its rows among rows_
  };
  /// Injections of a batch into the output of the edited layer's feed-forward.
  struct BatchInjections {
    std::vector<Injection> rows;
    std::vector<float> values;  // [rows, d]
    void add(const Part& part, std::size_t first_row, int vector);
    [[nodiscard]] Injections at(int layer, std::span<const float> vectors) const {
      return {layer, vectors, rows, values.data()};
    }
  };
  struct Job {  // one context at one δ
    int delta;
    int part;
    std::size_t first_row;  // first row of its results in the outputs
  };

  EditObjective(ForwardPass& forward, ContextSet contexts, const EditObjectiveOptions& options,
                const CancelToken& cancel);
  Status prepare();
  void lay_out_rows();
  void lay_out_groups();
  Status inject();
  /// Jobs of n evaluations of the first `contexts` contexts, into outputs of `rows` rows each.
  [[nodiscard]] std::vector<Job> evaluation_jobs(int n, int contexts, std::size_t rows) const;
  /// Jobs of n probes of the first groups.
  [[nodiscard]] static std::vector<Job> probe_jobs(int n, std::span<const RowGroup> groups);
  Status run(std::span<const float> deltas, std::span<const Job> jobs, Outputs& outputs);
  void run_batch(std::span<const float> deltas, std::span<const Job> jobs, Outputs& outputs);
  void fill_residual(std::span<const Job> jobs);
  void choose_top();
  void drop_old_answers(std::span<const Token> answers);
  [[nodiscard]] int skipped(int part) const;
  [[nodiscard]] Outputs make_outputs(int n, std::size_t rows) const;

  ForwardPass& forward_;
  EditObjectiveOptions options_;
  CancelToken cancel_;
  ContextCache cache_;
  std::vector<Part> parts_;
  std::vector<ObjectiveRow> rows_;
  std::vector<Token> row_targets_;  // target of each row; −1: the row has none
  std::vector<RowGroup> groups_;
  int probe_rows_ = 0;  // number of rows of one probe's outputs
  int probes_per_evaluation_ = 1;
  TopLogits top_;
  bool top_chosen_ = false;
  double value_norm_ = 0;
  double evaluations_ = 0;
  std::vector<float> residual_;  // scratch of a batch, [rows, d]
  BatchInjections injections_;
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<Approximator> approximator_;
};

}  // namespace mobiedit
