// Memory that this process may still allocate.
#pragma once

#include <cstdint>
#include <optional>

#include "io/file_system.h"

namespace mobiedit::io {

/// The least of what the system has to give (swap included), what the control group allows, and what the process's own
/// limit on its address space leaves. Empty where the system reports none of them. An estimate: other processes may
/// take memory meanwhile.
[[nodiscard]] std::optional<std::uint64_t> available_memory(const FileSystem& system = FileSystem::real());

}  // namespace mobiedit::io
