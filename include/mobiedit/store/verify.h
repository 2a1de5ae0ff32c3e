// Verification of an edited file: equal to its base except for the tensors of its edits.
#pragma once

#include <string>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/store/provenance.h"

namespace mobiedit {

struct Verification {
  std::vector<std::string> changed;  ///< tensors that differ from the base's in any bit
  std::vector<std::string> faults;   ///< one sentence each; empty: the file is as it claims
};

/// Compares a whole edited model with its base: every key but those under `mobiedit.`, and every tensor's name, shape,
/// type and bytes. Faults: a difference in any but the `blk.N.ffn_down.weight` of the blocks in `edits`; a base that is
/// not the one the file names; a tensor whose bytes are not those that were written. Runs no model. Errors:
/// bad_model (malformed keys under `mobiedit.`), out_of_memory.
[[nodiscard]] Result<Verification> compare_with_base(const gguf::File& file, const gguf::File& base,
                                                     const std::string& base_fingerprint,
                                                     const std::vector<EditRecord>& edits);

/// Checks the tensors whose hashes the file holds: for adapters, and for models without their base.
[[nodiscard]] Result<std::vector<std::string>> check_hashes(const gguf::File& file);

}  // namespace mobiedit
