// Parser of templates.
#pragma once

#include <string_view>

#include "chat/jinja/syntax.h"

namespace mobiedit::chat {

/// Longest template that is read, bytes.
inline constexpr std::size_t longest_template = 1u << 20;

/// Throws Failure: what is no template, or uses a construct that is not supported, with the line.
[[nodiscard]] Syntax parse_template(std::string_view source);

}  // namespace mobiedit::chat
