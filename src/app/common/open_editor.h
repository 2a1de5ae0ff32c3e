// An editor as the options want it, at a layer that suits the model and with its key statistics.
#pragma once

#include "app/common/edit_options.h"
#include "app/common/model_options.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/model/model.h"
#include "workspace/prepare_editor.h"

namespace mobiedit::cli {

/// With --layer auto and a model that is not in the table, layers are tried, once per model; stderr says so. Errors:
/// also usage (the method needs statistics, and there are none).
[[nodiscard]] Result<Editor> open_editor(const Model& model, const SearchSettings& settings, const RunOptions& run,
                                         const CancelToken& cancel);
/// With `options` in place of those of the settings.
[[nodiscard]] Result<PreparedEditor> open_editor(const Model& model, EditOptions options,
                                                 const SearchSettings& settings, const RunOptions& run,
                                                 const CancelToken& cancel, EditorPlace place = {});

}  // namespace mobiedit::cli
