// Fallbacks: products of a model that have no kernel of their own and run slower, with the reasons.
#pragma once

#include <string>
#include <vector>

#include "kernels/isa.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/model/model.h"

namespace mobiedit {

/// One sentence per reason, whatever the number of weights. Empty where every product has its kernel, and where float32
/// was asked for.
[[nodiscard]] std::vector<std::string> fallbacks(const gguf::File& file, const ModelConfig& config, kernels::Isa isa,
                                                 Precision precision);

}  // namespace mobiedit
