// Names of the failures that requests of edits can give (Error::id). All have the code usage.
#pragma once

#include "mobiedit/base/result.h"

namespace mobiedit::request_errors {

inline constexpr ErrorId prompt{ErrorCode::usage, "request.prompt"};    ///< not exactly one {} in the prompt
inline constexpr ErrorId subject{ErrorCode::usage, "request.subject"};  ///< an empty subject, or one that is not found
inline constexpr ErrorId target{ErrorCode::usage, "request.target"};    ///< an empty or too long target
inline constexpr ErrorId context{ErrorCode::usage, "request.context"};  ///< longer than the model's context
inline constexpr ErrorId no_statistics{ErrorCode::usage, "request.no_statistics"};  ///< a method needs statistics

}  // namespace mobiedit::request_errors
