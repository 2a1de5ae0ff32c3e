// The version of this library.
#pragma once

#include <string_view>

namespace mobiedit {

/// "0.1.0": what written files say of the program that wrote them.
[[nodiscard]] std::string_view version();

}  // namespace mobiedit
