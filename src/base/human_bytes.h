// Sizes in bytes, as text for people.
#pragma once

#include <cstdint>
#include <string>

namespace mobiedit {

/// For example "41.3 MiB".
[[nodiscard]] std::string human_bytes(std::uint64_t bytes);

}  // namespace mobiedit
