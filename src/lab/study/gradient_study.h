// Quality of gradient estimates by finite differences, against the gradient itself.
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
  orthonormal,  ///< orthogonal to each other, of length √d
  donors,       ///< N(0, 1) combinations of donors minus their mean, of length √d on average
};

struct GradientStudyOptions {
  Directions kind = Directions::gaussian;
  std::span<const FactRecord> others;  ///< records whose subjects are donors (find_donors)
  double leaning = 1;                  ///< share of the donors taken, largest Donor::leaning first; at least one
  double probe = 0.001;                ///< μ, absolute: a perturbation has a length of about μ√d. 0: the length of v₀
  int directions = 300;                ///< number drawn at each point; orthonormal: at most d
  std::uint64_t seed = 0;
};

/// Quality of estimates from N directions at one point of a search by backprop.
struct GradientEstimate {
  std::string where;  ///< "start", "half-way", "end"
  int directions = 0;
  double cosine = 0;               ///< cosine with the gradient, mean over the groups of N directions
  std::optional<double> variance;  ///< E‖ĝ − Eĝ‖² / ‖g‖²; none from one group
};

/// Takes central differences of the loss of the search, in the arithmetic of its evaluations. The gradient comes from a
/// backward pass in float32. Errors: as Editor::edit, naming the record; usage, if donors have no two other subjects.
[[nodiscard]] Result<std::vector<GradientEstimate>> study_gradient(Editor& editor, const FactRecord& fact,
                                                                   const GradientStudyOptions& options,
                                                                   const CancelToken& cancel = {});

}  // namespace mobiedit
