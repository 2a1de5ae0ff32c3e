// Makes an editor at the layer that suits the model: as asked for, from the table of known models, or found by a trial.
#pragma once

#include <functional>
#include <string>

#include "mobiedit/base/result.h"
#include "mobiedit/edit/editor.h"
#include "mobiedit/edit/layer.h"
#include "mobiedit/model/model.h"
#include "mobiedit/workspace/observer.h"

namespace mobiedit {

struct EditorPlace {
  std::string cache_folder = {};  ///< keeps a trial's choice; empty: it is not kept
  /// Tells from the edited layer how many layers an edit may write to (EditOptions::layers); empty: the options say it.
  std::function<int(int layer)> layers = {};
  /// Asked before a trial, which takes some tens of seconds: an error ends the making. May be empty.
  std::function<Status(const Editor&)> check = {};
};

struct MadeEditor {
  Editor editor;
  LayerChoice layer;
  std::string chosen_by;  ///< "asked", "table" or "trial"
};

/// Errors: as Editor::create and choose_layer, and check's.
[[nodiscard]] Result<MadeEditor> make_editor(const Model& model, EditOptions options, const EditorPlace& place,
                                             const Job& job = {});

}  // namespace mobiedit
