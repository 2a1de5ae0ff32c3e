// How good an estimate of a loss's gradient by differences is, against the gradient itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/eval/dataset.h"

namespace mobiedit {

struct GradientStudyOptions {
  bool orthonormal = false;  ///< directions orthogonal to each other, as long as Gaussian ones are on average
  double probe = 0.001;      ///< μ, absolute; a perturbation is some μ√d long. 0: as long as v₀
  int directions = 300;      ///< drawn at each point; at most d are if they are orthonormal
  std::uint64_t seed = 0;
};

/// Estimates from N directions at one point of a search by backprop.
struct GradientEstimate {
  std::string where;  ///< "start", "half-way", "end"
  int directions = 0;
  double cosine = 0;               ///< with the gradient, mean over as many groups of N as were drawn
  std::optional<double> variance;  ///< E‖ĝ − Eĝ‖² / ‖g‖²; none from one group
};

/// Central differences of the search's own loss, in the arithmetic of its evaluations; the gradient is a backward pass
/// in float32. Errors: as Editor::edit, naming the record.
[[nodiscard]] Result<std::vector<GradientEstimate>> study_gradient(Editor& editor, const FactRecord& fact,
                                                                   const GradientStudyOptions& options,
                                                                   const CancelToken& cancel = {});

}  // namespace mobiedit
