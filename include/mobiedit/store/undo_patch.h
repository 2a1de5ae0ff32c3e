// The bytes that a same-type edit replaced, to put them back.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "mobiedit/base/result.h"
#include "mobiedit/gguf/file.h"

namespace mobiedit {

/// What turns `edited` back into `base`, as one JSON document: which file it is for and which it gives, by fingerprint,
/// and the bytes. Errors: usage (files of different sizes), out_of_memory.
[[nodiscard]] Result<std::string> make_undo_patch(const gguf::File& base, const gguf::File& edited);

/// Writes to `path` what `edited` was before; whole, or not at all, and only if it is what the patch promises.
/// Errors: usage (not a patch, or damaged: `where` names it; `path` is `edited`), verification (a patch of another
/// file), io, out_of_memory.
[[nodiscard]] Status apply_undo_patch(const std::filesystem::path& path, const gguf::File& edited,
                                      std::string_view patch, const std::string& where);

}  // namespace mobiedit
