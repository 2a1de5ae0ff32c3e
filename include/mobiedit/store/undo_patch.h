// Undo patch: the bytes that a same-type edit replaced.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "mobiedit/base/result.h"
#include "mobiedit/gguf/file.h"

namespace mobiedit {

/// Makes the patch that turns `edited` back into `base`: one JSON document with both fingerprints and the bytes.
/// Errors: usage (files of different sizes), out_of_memory.
[[nodiscard]] Result<std::string> make_undo_patch(const gguf::File& base, const gguf::File& edited);

/// Writes the base of `edited` to `path`, whole or not at all. Refuses a result without the patch's fingerprint.
/// Errors: usage (not a patch, or damaged: `where` names it; `path` is `edited`), verification (a patch of another
/// file), io, out_of_memory.
[[nodiscard]] Status apply_undo_patch(const std::filesystem::path& path, const gguf::File& edited,
                                      std::string_view patch, const std::string& where);

}  // namespace mobiedit
