// Prompts with {} in the place of their subject.
#pragma once

#include <string>
#include <string_view>

namespace mobiedit {

/// `prompt` with its first {} replaced by the subject; as it is without a {}.
[[nodiscard]] std::string filled_prompt(std::string_view prompt, std::string_view subject);

}  // namespace mobiedit
