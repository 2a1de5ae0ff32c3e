// Held-back text and questions: the damage gauge reads them, and neither statistics nor searches do.
#pragma once

#include <span>
#include <string_view>

namespace mobiedit {

[[nodiscard]] std::span<const std::string_view> held_back_paragraphs();
[[nodiscard]] std::span<const std::string_view> held_back_questions();

}  // namespace mobiedit
