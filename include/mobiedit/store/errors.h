// Names of the failures that stores and adapters can give (Error::id).
#pragma once

#include "mobiedit/base/result.h"

namespace mobiedit::store_errors {

inline constexpr ErrorId not_a_store{ErrorCode::bad_model, "store.not_a_store"};  ///< another kind of file
inline constexpr ErrorId newer{ErrorCode::bad_model, "store.newer"};              ///< the store is of a newer version
inline constexpr ErrorId damaged{ErrorCode::bad_model, "store.damaged"};          ///< the file, or an edit in it
inline constexpr ErrorId busy{ErrorCode::locked, "store.busy"};                   ///< another process is writing it
inline constexpr ErrorId disk_full{ErrorCode::io, "store.disk_full"};
inline constexpr ErrorId read_only{ErrorCode::usage, "store.read_only"};  ///< was opened to be read
inline constexpr ErrorId no_edit{ErrorCode::usage, "store.no_edit"};      ///< no edit has this id
inline constexpr ErrorId unserved{ErrorCode::usage, "store.unserved"};    ///< a subject would be left without a neuron

// Edits that cannot be kept.
inline constexpr ErrorId text{ErrorCode::usage, "store.text"};      ///< bytes that are not UTF-8
inline constexpr ErrorId update{ErrorCode::usage, "store.update"};  ///< vectors or layers that make no sense

// Lines of a dump.
inline constexpr ErrorId line{ErrorCode::usage, "store.line"};          ///< not a JSON object of a known schema
inline constexpr ErrorId field{ErrorCode::usage, "store.field"};        ///< a field is missing or of another kind
inline constexpr ErrorId checksum{ErrorCode::usage, "store.checksum"};  ///< does not agree with its checksum
inline constexpr ErrorId order{ErrorCode::usage, "store.order"};        ///< the ids do not ascend

}  // namespace mobiedit::store_errors

namespace mobiedit::adapter_errors {

inline constexpr ErrorId format{ErrorCode::bad_model, "adapter.format"};  ///< another program's format
inline constexpr ErrorId kind{ErrorCode::bad_model, "adapter.kind"};      ///< a GGUF file, but no LoRA adapter
inline constexpr ErrorId alpha{ErrorCode::bad_model, "adapter.alpha"};    ///< a scale that makes no sense
inline constexpr ErrorId values{ErrorCode::bad_model, "adapter.values"};  ///< numbers that are not finite
inline constexpr ErrorId pair{ErrorCode::bad_model, "adapter.pair"};      ///< a tensor without the other of its pair
inline constexpr ErrorId shape{ErrorCode::bad_model, "adapter.shape"};    ///< a pair whose shapes do not fit together
inline constexpr ErrorId empty{ErrorCode::bad_model, "adapter.empty"};    ///< no pair at all
inline constexpr ErrorId base{ErrorCode::bad_model, "adapter.base"};      ///< made for another model

}  // namespace mobiedit::adapter_errors
