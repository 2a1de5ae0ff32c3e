// A real language model, if tools/models has fetched it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace mobiedit::test {

// The path of "smollm2" or "gemma3"; empty without the file. A test then skips:
//   if (real_model("smollm2").empty()) GTEST_SKIP() << real_model_missing("smollm2");
inline std::string real_model(const std::string& name) {
  const char* folder = std::getenv("MOBIEDIT_MODELS");
  const std::filesystem::path path =
      std::filesystem::path(folder != nullptr ? folder : MOBIEDIT_SOURCE_DIR "/build/models") / (name + ".gguf");
  return std::filesystem::exists(path) ? path.string() : "";
}

inline std::string real_model_missing(const std::string& name) {
  return "REAL MODEL TEST NOT RUN: no " + name + ".gguf: tools/models " + name + " fetches it";
}

}  // namespace mobiedit::test
