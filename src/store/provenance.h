// Provenance to and from GGUF keys.
#pragma once

#include "mobiedit/base/result.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/gguf/writer.h"
#include "mobiedit/store/provenance.h"

namespace mobiedit {

void set_provenance(gguf::Writer& writer, const Provenance& provenance);

/// Empty where the file has none. Errors: bad_model (keys that are there and make no sense).
[[nodiscard]] Result<Provenance> get_provenance(const gguf::File& file);

/// "blk.<block>.ffn_down.weight"
[[nodiscard]] std::string edited_tensor(int block);

}  // namespace mobiedit
