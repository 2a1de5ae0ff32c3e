// The two streams: stdout carries the result alone, stderr everything else.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "mobiedit/base/result.h"

namespace mobiedit::cli {

/// The name that begins each line on stderr; "mobiedit" until it is set. `name` stays valid as long as the process.
void set_program_name(const char* name);

/// Writes the result and pushes it out; io if it did not all arrive (a full disk behind a redirection).
[[nodiscard]] Status print_result(std::string_view text);
/// One document, indented, with an end of line. Bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] Status print_json(const nlohmann::ordered_json& document);

/// "NAME: text", on stderr.
void say(std::string_view text);
void warn(std::string_view text);
/// `warn`, unless this process said the same before.
void warn_once(std::string_view text);
/// "NAME: error: text", and the hint on a line of its own.
void report(const Error& error);
/// Reports and gives the exit code. An error that does not say where it happened happened at `where`.
[[nodiscard]] int failed(Error error, const char* where = "");
/// `failed` for what printing the result gave; otherwise `code`.
[[nodiscard]] int finished(const Status& printed, int code = 0);

/// Returns true if stderr is a terminal that understands cursor movement.
[[nodiscard]] bool interactive();

/// "41.3 MiB"
[[nodiscard]] std::string human_bytes(std::uint64_t bytes);
/// Peak memory of this process.
[[nodiscard]] std::uint64_t peak_rss_bytes();

}  // namespace mobiedit::cli
