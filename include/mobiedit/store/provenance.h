// Provenance of a written file: GGUF keys under `mobiedit.` that name its base and its edits.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/gguf/file.h"

namespace mobiedit {

/// One edit, as requested. Records are in the order in which the edits were made.
struct EditRecord {
  std::string subject;
  std::string prompt;  ///< with {} for the subject
  std::string target_new;
  std::string method;  ///< of the value search
  int block = 0;       ///< the edited block, counted from 0
  std::uint64_t seed = 0;

  bool operator==(const EditRecord&) const = default;
};

/// The edits that a file lists; empty where it lists none. Errors: bad_model (malformed keys).
[[nodiscard]] Result<std::vector<EditRecord>> records_of(const gguf::File& file);

/// Keys: mobiedit.version, mobiedit.base_fingerprint, mobiedit.edits (the records as a JSON list).
struct Provenance {
  std::string version;           ///< of the program that wrote the file; empty: not written by this project
  std::string base_fingerprint;  ///< Model::fingerprint() of the model that was edited
  std::vector<EditRecord> edits;

  bool operator==(const Provenance&) const = default;
};

}  // namespace mobiedit
