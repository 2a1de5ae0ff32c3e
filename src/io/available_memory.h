// How much memory this process may still take.
#pragma once

#include <cstdint>
#include <optional>

#include "io/file_system.h"

namespace mobiedit::io {

/// The least of what the system has to give (swap included), what the control group allows, and what the process's own
/// limit on its address space leaves. Nothing where the system tells none of them. A guess about the future: others
/// take memory too.
[[nodiscard]] std::optional<std::uint64_t> available_memory(const FileSystem& system = FileSystem::real());

}  // namespace mobiedit::io
