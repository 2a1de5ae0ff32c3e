// Errors are values: every function of this library that can fail returns a Result.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace mobiedit {

/// Kinds of failure. The command line maps each to its exit code.
enum class ErrorCode {
  other,
  usage,               ///< the caller asked for something that makes no sense
  target_not_reached,  ///< the search ended without the new fact; nothing was written
  bad_model,           ///< a file is not a model, is damaged, or is of an unsupported kind
  io,                  ///< the operating system refused: missing file, full disk, no permission
  locked,              ///< another process holds the file
  verification,        ///< what was written does not do what it should
  cancelled,           ///< the caller asked to stop
  out_of_memory,
};

/// Stable name of one kind of failure, such as "gguf.truncated". Programs and tests compare names; sentences may
/// change.
struct ErrorId {
  ErrorCode code;
  const char* name;  ///< text in static storage
};

/// One failure: its kind, what happened, where (a file, a tensor, a setting), and what the user can do.
struct Error {
  ErrorCode code = ErrorCode::other;
  std::string what;
  std::string where;
  std::string hint;
  std::string_view id = {};  ///< ErrorId::name; empty where this kind of failure has no name yet

  /// "where: what (hint)", one line without an end of line.
  [[nodiscard]] std::string message() const;
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

/// `return fail(ErrorCode::io, "no such file", path);`
[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string what, std::string where = {},
                                                 std::string hint = {}) {
  return std::unexpected(Error{code, std::move(what), std::move(where), std::move(hint)});
}

/// `return fail(gguf::errors::truncated, "ends early", path);`
[[nodiscard]] inline std::unexpected<Error> fail(ErrorId id, std::string what, std::string where = {},
                                                 std::string hint = {}) {
  return std::unexpected(Error{id.code, std::move(what), std::move(where), std::move(hint), id.name});
}

}  // namespace mobiedit
