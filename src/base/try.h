// Early return: a function that calls others hands their errors on to its caller.
#pragma once

#include <expected>
#include <utility>

#include "mobiedit/base/result.h"

#define MOBIEDIT_JOIN_(a, b) a##b
#define MOBIEDIT_NAME_(line) MOBIEDIT_JOIN_(result_of_line_, line)

/// Declares or assigns a variable, or returns the error of a Result:
/// `MOBIEDIT_TRY(const auto file, gguf::File::open(path));`. Stands alone in its line, in a function that returns a
/// Result, never as the branch of an `if` without braces.
#define MOBIEDIT_TRY(variable, ...)                                                                   \
  auto MOBIEDIT_NAME_(__LINE__) = (__VA_ARGS__);                                                      \
  if (!MOBIEDIT_NAME_(__LINE__)) return std::unexpected(std::move(MOBIEDIT_NAME_(__LINE__)).error()); \
  variable = *std::move(MOBIEDIT_NAME_(__LINE__))

/// Returns the error of a Status or of a Result whose value is of no use.
#define MOBIEDIT_CHECK(...)                                                     \
  if (auto MOBIEDIT_NAME_(__LINE__) = (__VA_ARGS__); !MOBIEDIT_NAME_(__LINE__)) \
  return std::unexpected(std::move(MOBIEDIT_NAME_(__LINE__)).error())
