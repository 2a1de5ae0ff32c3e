// The model in models/ and what float32 PyTorch computes with it (tests/golden/facts-40m.json, by training/goldens.py).
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "mobiedit/model/model.h"

namespace mobiedit::test {

inline std::string bundled_model_path() {
  return MOBIEDIT_SOURCE_DIR "/models/facts-40m-q8_0.gguf";
}

inline Model open_bundled_model(Precision precision) {
  auto model = Model::open(bundled_model_path(), {.precision = precision});
  if (!model) throw std::runtime_error(model.error().message());
  return std::move(*model);
}

inline nlohmann::json bundled_goldens() {
  std::ifstream file(MOBIEDIT_SOURCE_DIR "/tests/golden/facts-40m.json");
  return nlohmann::json::parse(file);
}

}  // namespace mobiedit::test
