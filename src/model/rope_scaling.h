// Scaling of rotary positions beyond the context that a model was first trained on: linear, and YaRN (Peng et al.,
// 2023).
#pragma once

#include "mobiedit/base/result.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/model/config.h"

namespace mobiedit {

/// Reads `ARCHITECTURE.rope.scaling.*` as llama.cpp does, into a specification whose dimensions and base are set; of
/// the config it reads architecture and context. Errors: bad_model, naming the key.
[[nodiscard]] Status read_rope_scaling(const gguf::File& file, const ModelConfig& config, RopeSpec& rope);

}  // namespace mobiedit
