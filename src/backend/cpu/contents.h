// Contents of a model: file, configuration, tokenizer, packed weights; for this library alone.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "backend/cpu/weights.h"
#include "kernels/isa.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/model/model.h"

namespace mobiedit {

struct Model::Contents {
  gguf::File file;
  ModelConfig config;
  Tokenizer tokenizer;
  kernels::Isa isa;
  Weights weights;
  std::once_flag hashed;
  std::string fingerprint;
  Rounding rounding;
  std::vector<std::string> fallbacks;
};

}  // namespace mobiedit
