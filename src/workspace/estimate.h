// Estimate of an edit: memory, work and time on this machine, from the model's file and a few of its layers.
#pragma once

#include <string>

#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/edit/plan.h"
#include "mobiedit/edit/request.h"

namespace mobiedit {

/// Median number of evaluations of an edit of the bundled model.
inline constexpr int usual_evaluations = 46;

struct Estimate {
  EditPlan plan;
  int layers = 0;  ///< layers of the model
  PlannedWork work;
  double load_seconds = 0;
  double edit_seconds = 0;
};

/// Loads the first layers alone and times them, which takes about a second. An empty request stands for a fact of the
/// usual length; 0 evaluations for the usual number. `cache_folder` may keep the layer that edits of this model take.
/// Errors: as Model::open and plan_edit.
[[nodiscard]] Result<Estimate> estimate_edit(const std::string& model, EditOptions options, EditRequest request,
                                             int evaluations, const std::string& cache_folder);

}  // namespace mobiedit
