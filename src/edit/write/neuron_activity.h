// Activity of a layer's neurons on text: what tells which of them can be spared.
#pragma once

#include <vector>

#include "base/thread_pool.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"
#include "mobiedit/model/model.h"

namespace mobiedit {

/// Mean square of what each neuron of the layer gives the down product, over the text that ships with the program: [f].
/// Errors: usage (no such layer), cancelled, out_of_memory.
[[nodiscard]] Result<std::vector<float>> neuron_activity(const Model& model, int layer, ThreadPool& pool,
                                                         const CancelToken& cancel = {});

}  // namespace mobiedit
