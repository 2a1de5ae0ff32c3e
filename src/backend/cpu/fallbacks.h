// Fallbacks: products of a model that have no kernel of their own and run slower, with the reasons.
#pragma once

#include <string>
#include <vector>

#include "kernels/isa.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/model/model.h"

namespace mobiedit {

/// A sentence for each reason, however many weights it holds for; none where all is as fast as it can be, or as slow as
/// it was asked to be (float32).
[[nodiscard]] std::vector<std::string> fallbacks(const gguf::File& file, const ModelConfig& config, kernels::Isa isa,
                                                 Precision precision);

}  // namespace mobiedit
