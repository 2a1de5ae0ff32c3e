// An edit as the user reads it, and as a program does.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "mobiedit/edit/editor.h"

namespace mobiedit::cli {

/// One edit of a run, and whether it is in what was delivered.
struct EditOutcome {
  Edit edit;
  bool success = false;
};

struct DeliveredFile {
  std::string kind;  ///< "lora" or "gguf"
  std::string path;
  std::uint64_t bytes = 0;
};

[[nodiscard]] nlohmann::ordered_json edit_json(const EditOutcome& outcome);
[[nodiscard]] std::string edit_text(const EditOutcome& outcome);

}  // namespace mobiedit::cli
