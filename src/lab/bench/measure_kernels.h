// Speed of the matrix products alone, beside the measured peak of the processor.
#pragma once

#include <nlohmann/json.hpp>

#include "lab/bench/observer.h"
#include "mobiedit/base/result.h"

namespace mobiedit {

struct KernelOptions {
  int threads = 0;         ///< 0: one per processor
  bool quick = false;      ///< some seconds instead of minutes, and noisier
  bool every_set = false;  ///< every instruction set of the processor, not only the best
};

/// A document with the peaks and `cases`, one per type, shape and number of rows. Errors: out_of_memory.
[[nodiscard]] Result<nlohmann::ordered_json> measure_kernels(const KernelOptions& options,
                                                             const BenchObserver& observer);

}  // namespace mobiedit
