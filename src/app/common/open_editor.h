// An editor as the options want it, at a layer that suits the model.
#pragma once

#include "app/common/edit_options.h"
#include "app/common/model_options.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/model/model.h"

namespace mobiedit::cli {

/// With --layer auto and a model that is not in the table, layers are tried, once per model; stderr says so.
[[nodiscard]] Result<Editor> open_editor(const Model& model, const SearchSettings& settings, const RunOptions& run,
                                         const CancelToken& cancel);
[[nodiscard]] Result<Editor> open_editor(const Model& model, EditOptions options, const RunOptions& run,
                                         const CancelToken& cancel);

}  // namespace mobiedit::cli
