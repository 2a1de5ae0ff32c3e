// Whether an edited file is what it says: its base, but for the tensors that its edits are in.
#pragma once

#include <string>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/store/provenance.h"

namespace mobiedit {

struct Verification {
  std::vector<std::string> changed;  ///< tensors that are not the base's, to the last bit
  std::vector<std::string> faults;   ///< a sentence each; empty: the file is what it says
};

/// Compares a whole edited model with its base: every key but those under `mobiedit.`, and every tensor's name, shape,
/// type and bytes. Faults: a difference in any but the `blk.N.ffn_down.weight` of the blocks in `edits`; a base that is
/// not the one the file names; a tensor whose bytes are not those that were written. Nothing is run. Errors: bad_model
/// (keys under `mobiedit.` that make no sense), out_of_memory.
[[nodiscard]] Result<Verification> compare_with_base(const gguf::File& file, const gguf::File& base,
                                                     const std::string& base_fingerprint,
                                                     const std::vector<EditRecord>& edits);

/// The tensors whose hashes the file holds, checked: for adapters, and for models without their base.
[[nodiscard]] Result<std::vector<std::string>> check_hashes(const gguf::File& file);

}  // namespace mobiedit
