// Names of the failures that a vocabulary can give (Error::id). All have the code bad_model.
#pragma once

#include "mobiedit/base/result.h"

namespace mobiedit::tokenizer_errors {

inline constexpr ErrorId model{ErrorCode::bad_model, "tokenizer.model"};      ///< none, or one that is not read
inline constexpr ErrorId pattern{ErrorCode::bad_model, "tokenizer.pattern"};  ///< an unknown pre-tokenizer
inline constexpr ErrorId tokens{ErrorCode::bad_model, "tokenizer.tokens"};    ///< no tokens, or too many
inline constexpr ErrorId types{ErrorCode::bad_model, "tokenizer.types"};      ///< not one type per token
inline constexpr ErrorId scores{ErrorCode::bad_model, "tokenizer.scores"};    ///< not one score per token
inline constexpr ErrorId merges{ErrorCode::bad_model, "tokenizer.merges"};    ///< too many, or one that is no pair
inline constexpr ErrorId special{ErrorCode::bad_model,
                                 "tokenizer.special"};  ///< a BOS or EOS that is wanted and missing

}  // namespace mobiedit::tokenizer_errors
