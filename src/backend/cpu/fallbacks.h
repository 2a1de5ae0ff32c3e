// Which of a model's products run on a slower path than a kernel of their own, and why.
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
