// An editor as the options want it, at a block that fits the model.
#pragma once

#include <functional>

#include "app/common/edit_options.h"
#include "app/common/model_options.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/model/model.h"

namespace mobiedit::cli {

/// With --layer auto and a model that isn't known, blocks are tried, once for each model; says so on stderr. `check`
/// may be empty; it looks first whether the editor could do its work, before the time for that is spent.
[[nodiscard]] Result<Editor> open_editor(const Model& model, const SearchSettings& settings, const RunOptions& run,
                                         const CancelToken& cancel,
                                         const std::function<Status(const Editor&)>& check = {});
[[nodiscard]] Result<Editor> open_editor(const Model& model, EditOptions options, const RunOptions& run,
                                         const CancelToken& cancel,
                                         const std::function<Status(const Editor&)>& check = {});

}  // namespace mobiedit::cli
