// Questions as a chat model reads them: rendered by its own chat template, up to where its answer begins.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/model/model.h"

namespace mobiedit {

struct ChatPrompts {
  std::vector<std::vector<Token>> prompts;  ///< one per question; empty for a model without a usable template
  std::string refusal;                      ///< why the file's template can't be used; empty where it can, or has none
};

/// Leaves out questions that fill more than half of the model's context. Errors: out_of_memory.
[[nodiscard]] Result<ChatPrompts> chat_prompts(const Model& model, std::span<const std::string_view> questions);

}  // namespace mobiedit
