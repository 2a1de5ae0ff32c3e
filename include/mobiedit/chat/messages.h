// Messages of a chat in JSON, the form in which programs send them.
#pragma once

#include <string>
#include <string_view>

#include "mobiedit/base/result.h"
#include "mobiedit/chat/chat_template.h"

namespace mobiedit {

/// Reads a JSON list of objects with "role" and "content", and whatever else the template reads. `where` names the text
/// in errors. Errors: usage (any other text).
[[nodiscard]] Result<ChatValue::Array> messages_from_json(std::string_view text, const std::string& where);

}  // namespace mobiedit
