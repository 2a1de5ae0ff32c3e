// Names of the failures that opening a GGUF file can give (Error::id). All have the code bad_model.
#pragma once

#include "mobiedit/base/result.h"

namespace mobiedit::gguf::errors {

inline constexpr ErrorId not_gguf{ErrorCode::bad_model, "gguf.not_gguf"};      ///< another kind of file
inline constexpr ErrorId big_endian{ErrorCode::bad_model, "gguf.big_endian"};  ///< for big-endian machines
inline constexpr ErrorId version{ErrorCode::bad_model, "gguf.version"};        ///< a version that is not read
inline constexpr ErrorId truncated{ErrorCode::bad_model, "gguf.truncated"};    ///< something reaches beyond the end
inline constexpr ErrorId count{ErrorCode::bad_model, "gguf.count"};  ///< more items than the file has room for
inline constexpr ErrorId name{ErrorCode::bad_model, "gguf.name"};    ///< a key or tensor name that is not allowed
inline constexpr ErrorId duplicate{ErrorCode::bad_model, "gguf.duplicate"};    ///< two keys or tensors of one name
inline constexpr ErrorId value_type{ErrorCode::bad_model, "gguf.value_type"};  ///< an unknown or unfit type of a value
inline constexpr ErrorId value{ErrorCode::bad_model, "gguf.value"};            ///< a value outside its type
inline constexpr ErrorId alignment{ErrorCode::bad_model, "gguf.alignment"};    ///< a bad alignment, or a tensor off it
inline constexpr ErrorId shape{ErrorCode::bad_model, "gguf.shape"};            ///< dimensions that no tensor can have
inline constexpr ErrorId tensor_type{ErrorCode::bad_model, "gguf.tensor_type"};  ///< a tensor type that is not read
inline constexpr ErrorId overlap{ErrorCode::bad_model, "gguf.overlap"};          ///< two tensors share bytes

}  // namespace mobiedit::gguf::errors
