// Approximations of published methods on an edit's objective: static activations and a stale KV cache.
#pragma once

#include <span>
#include <vector>

#include "edit/edit_objective.h"

namespace mobiedit {

class EditObjective::Approximator final : public Approximations {
 public:
  explicit Approximator(EditObjective& objective) : objective_(objective) {}

  [[nodiscard]] Status use_static_activations(bool on) override;
  [[nodiscard]] Status freeze(std::span<const float> delta) override;
  void use_frozen(bool on) override { use_frozen_ = on; }
  [[nodiscard]] Result<std::vector<double>> frozen_cosines(std::span<const float> delta) override;

  /// Lets a context's sequence read frozen keys and values, if they are in use.
  void add_frozen(int part, BatchSequence& sequence) const;

 private:
  void measure_ranges();
  [[nodiscard]] std::vector<KvCache> keys_and_values(std::span<const float> delta);
  /// First and last position, exclusive, of a prompt's frozen tokens.
  [[nodiscard]] int frozen_first(int prompt) const { return objective_.cache_.entry(prompt).prefix + 1; }
  [[nodiscard]] int frozen_end(int prompt) const { return objective_.cache_.context(prompt).target_start; }

  EditObjective& objective_;
  ActivationRanges ranges_;
  std::vector<KvCache> frozen_;  // frozen keys and values of each prompt
  bool use_frozen_ = false;
};

}  // namespace mobiedit
