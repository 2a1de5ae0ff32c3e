// Provenance in GGUF keys: writing and reading.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/gguf/writer.h"
#include "mobiedit/store/provenance.h"

namespace mobiedit {

void set_provenance(gguf::Writer& writer, const Provenance& provenance);

/// Empty where the file has none. Errors: bad_model (malformed keys).
[[nodiscard]] Result<Provenance> get_provenance(const gguf::File& file);

/// Fingerprints of the written tensors: key mobiedit.tensors, a JSON object.
void set_hashes(gguf::Writer& writer, const std::map<std::string, std::string>& hashes);
/// Errors: bad_model.
[[nodiscard]] Result<std::map<std::string, std::string>> get_hashes(const gguf::File& file);

/// "blk.<layer>.ffn_down.weight"
[[nodiscard]] std::string edited_tensor(int block);
/// The tensors that an edit changes in a file: that one; of a neuron, ffn_gate and ffn_up of the layer too.
[[nodiscard]] std::vector<std::string> edited_tensors(const EditInfo& edit);

}  // namespace mobiedit
