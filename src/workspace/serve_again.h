// Undo, disable and enable where one neuron serves several facts: a neuron is found again for those that stay in force.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "mobiedit/base/result.h"
#include "mobiedit/model/model.h"
#include "mobiedit/model/session.h"
#include "mobiedit/store/change.h"
#include "mobiedit/workspace/observer.h"
#include "workspace/edit_list.h"

namespace mobiedit {

/// Returns a neuron for the last of `facts`, found for all of them together, with the edits `beside` in force.
using FindAgain = std::function<Result<SharedNeuron>(const std::vector<Edit>& facts, const EditList& beside)>;

/// Makes the change, with a neuron from `find` for each subject of the base `base` that would be left without one. A
/// neuron is kept beside the earlier ones, so that the opposite change is exact. Errors: as change_edits, and `find`'s;
/// then nothing changed.
[[nodiscard]] Result<StoreChange> change_and_serve(Store& store, const std::string& base,
                                                   std::span<const std::int64_t> ids, EditChange change,
                                                   const FindAgain& find);

/// Searches as the last of `facts` was searched. Errors: as Editor::edit; verification (a fact does not answer).
[[nodiscard]] Result<SharedNeuron> search_again(const Model& model, const SessionOptions& session,
                                                const std::string& cache_folder, const std::vector<Edit>& facts,
                                                const EditList& beside, const Job& job);

}  // namespace mobiedit
