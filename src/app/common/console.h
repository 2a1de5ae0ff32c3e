// Output streams: stdout carries the result alone, stderr everything else.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/human_bytes.h"
#include "mobiedit/base/result.h"

namespace mobiedit::cli {

/// The name that begins each line on stderr; "mobiedit" until it is set. `name` stays valid as long as the process.
void set_program_name(const char* name);

/// Writes the result and flushes it. Errors: io, if not all of it arrived (a full disk behind a redirection).
[[nodiscard]] Status print_result(std::string_view text);
/// Prints one indented document. Bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] Status print_json(const nlohmann::ordered_json& document);

/// Prints "NAME: text" on stderr.
void say(std::string_view text);
void warn(std::string_view text);
/// Warns, unless this process printed an equal warning before.
void warn_once(std::string_view text);
/// Prints "NAME: error: text", and the hint on a line of its own.
void report(const Error& error);
/// Reports the error and returns its exit code.
[[nodiscard]] int failed(const Error& error);

/// Returns true if stderr is a terminal that understands cursor movement.
[[nodiscard]] bool interactive();

}  // namespace mobiedit::cli
