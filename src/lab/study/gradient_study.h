// How good an estimate of a loss's gradient by differences is, against the gradient itself.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/eval/dataset.h"

namespace mobiedit {

enum class Directions {
  gaussian,     ///< N(0, 1) in every component
  orthonormal,  ///< orthogonal to each other, √d long
  donors,       ///< N(0, 1) combinations of what other subjects have there, less the mean of all; √d long on average
};

struct GradientStudyOptions {
  Directions kind = Directions::gaussian;
  std::span<const FactRecord> others;  ///< whose subjects are donors (find_donors)
  double leaning = 1;                  ///< of the donors the share that leans to the target most, at least one
  double probe = 0.001;                ///< μ, absolute; a perturbation is some μ√d long. 0: as long as v₀
  int directions = 300;                ///< drawn at each point; at most d are if they are orthonormal
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
/// in float32. Errors: as Editor::edit, naming the record; usage, for donors without two other subjects.
[[nodiscard]] Result<std::vector<GradientEstimate>> study_gradient(Editor& editor, const FactRecord& fact,
                                                                   const GradientStudyOptions& options,
                                                                   const CancelToken& cancel = {});

}  // namespace mobiedit
