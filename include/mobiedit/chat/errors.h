// Names of the failures that chat templates and conversations can give (Error::id).
#pragma once

#include "mobiedit/base/result.h"

namespace mobiedit::chat::errors {

inline constexpr ErrorId no_template{ErrorCode::bad_model, "chat.no_template"};  ///< the model's file has none
inline constexpr ErrorId syntax{ErrorCode::bad_model, "chat.syntax"};            ///< a text that is no Jinja
inline constexpr ErrorId unsupported{ErrorCode::bad_model, "chat.unsupported"};  ///< Jinja that is not interpreted
inline constexpr ErrorId undefined{ErrorCode::bad_model, "chat.undefined"};      ///< a variable without a value is used
inline constexpr ErrorId evaluation{ErrorCode::bad_model, "chat.evaluation"};    ///< an operation fails on its values
inline constexpr ErrorId limit{ErrorCode::bad_model, "chat.limit"};              ///< beyond one of ChatLimits
inline constexpr ErrorId refusal{ErrorCode::usage, "chat.refusal"};              ///< the template raises an error
inline constexpr ErrorId no_system{ErrorCode::usage, "chat.no_system"};          ///< no place for a system message
inline constexpr ErrorId one_turn{ErrorCode::usage, "chat.one_turn"};            ///< no place for a second turn
inline constexpr ErrorId messages{ErrorCode::usage, "chat.messages"};            ///< JSON that is no list of messages

}  // namespace mobiedit::chat::errors
