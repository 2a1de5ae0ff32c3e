// Backward pass of an edit's objective: the context cache, and a tape from the edited layer's output on.
#pragma once

#include <span>
#include <vector>

#include "edit/edit_objective.h"

namespace mobiedit {

class EditObjective::Recorder final : public Gradient {
 public:
  Recorder(EditObjective& objective, Tape& tape) : objective_(objective), tape_(tape) {}

  [[nodiscard]] Result<Outputs> record(std::span<const float> delta) override;
  [[nodiscard]] Result<std::vector<float>> pull_back(std::span<const float> slopes) override;

 private:
  EditObjective& objective_;
  Tape& tape_;
  // The tape borrows these from record to pull_back.
  std::vector<float> delta_;
  BatchInjections batch_;
  Injections injections_;
};

}  // namespace mobiedit
