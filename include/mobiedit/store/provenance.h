// Provenance of a written file: GGUF keys under `mobiedit.` that name its base and its edits.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/edit/edit.h"
#include "mobiedit/gguf/file.h"

namespace mobiedit {

/// The edits that a file says it holds, in the order in which they were made; empty where it says nothing. Of an
/// EditInfo it has subject, prompt, target_new, method, layer and seed. Errors: bad_model (keys that make no sense).
[[nodiscard]] Result<std::vector<EditInfo>> edits_in(const gguf::File& file);

/// Keys: mobiedit.version, mobiedit.base_fingerprint, mobiedit.edits (a JSON list).
struct Provenance {
  std::string version;           ///< version of the program that wrote the file; empty: not written by this project
  std::string base_fingerprint;  ///< Model::fingerprint() of the model that was edited
  std::vector<EditInfo> edits;

  bool operator==(const Provenance&) const = default;
};

/// Says of a file that it holds these edits of a base, in order. Each pointer is not null.
[[nodiscard]] Provenance provenance_of(const std::string& base_fingerprint, std::span<const Edit* const> edits);

}  // namespace mobiedit
