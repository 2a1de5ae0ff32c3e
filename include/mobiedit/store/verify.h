// Checks an edited file against its base: only the tensors of its edits may differ.
#pragma once

#include <string>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/store/provenance.h"

namespace mobiedit {

struct Verification {
  std::vector<std::string> changed;  ///< tensors that differ from the base's in any bit
  std::vector<std::string> faults;   ///< one sentence per fault; empty: the file is sound
};

/// Compares a whole edited model with its base: every key but those under `mobiedit.`, and every tensor's name, shape,
/// type and bytes. Faults: a difference in any but the `blk.N.ffn_down.weight` of the layers in `edits`, and for a
/// neuron their ffn_gate and ffn_up; a base that is not the one the file names; a tensor whose bytes are not those that
/// were written. Runs no model. Errors: bad_model (keys under `mobiedit.` that make no sense), out_of_memory.
[[nodiscard]] Result<Verification> compare_with_base(const gguf::File& file, const gguf::File& base,
                                                     const std::string& base_fingerprint,
                                                     const std::vector<EditInfo>& edits);

/// Checks the tensors whose hashes the file holds: for adapters, and for models without their base. Returns one
/// sentence per fault.
[[nodiscard]] Result<std::vector<std::string>> check_hashes(const gguf::File& file);

}  // namespace mobiedit
