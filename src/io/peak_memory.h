// Peak memory of this process.
#pragma once

#include <cstdint>

namespace mobiedit::io {

/// The largest resident size so far, in bytes.
[[nodiscard]] std::uint64_t peak_memory();

/// Returns freed memory to the system and, on Linux, makes peak_memory count from now on.
void reset_peak_memory();

}  // namespace mobiedit::io
