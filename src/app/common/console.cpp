#include "app/common/console.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "app/common/exit_code.h"
#include "app/common/interrupt.h"

namespace mobiedit::cli {
namespace {

const char* name_of_program = "mobiedit";

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

bool coloured() {
  return interactive() && !is_set("NO_COLOR");
}

void line(std::string_view mark, const char* colour, std::string_view text) {
  const std::string shown = mark.empty() ? std::string()
                            : coloured() ? fmt::format("{}{}\x1b[0m", colour, mark)
                                         : std::string(mark);
  fmt::print(stderr, "{}: {}{}\n", name_of_program, shown, text);
}

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::usage:
      return exit_usage;
    case ErrorCode::target_not_reached:
      return exit_target_not_reached;
    case ErrorCode::bad_model:
      return exit_bad_model;
    case ErrorCode::io:
      return exit_io;
    case ErrorCode::locked:
      return exit_locked;
    case ErrorCode::verification:
      return exit_verification;
    case ErrorCode::cancelled:
      return interrupted_exit_code();
    case ErrorCode::other:
    case ErrorCode::out_of_memory:
      break;
  }
  return exit_other;
}

}  // namespace

void set_program_name(const char* name) {
  name_of_program = name;
}

Status print_result(std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (std::fflush(stdout) == 0 && written) return {};
  return fail(ErrorCode::io, std::string("cannot write the result: ") + std::strerror(errno), "standard output");
}

Status print_json(const nlohmann::ordered_json& document) {
  return print_result(document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

void say(std::string_view text) {
  line("", "", text);
}
void warn(std::string_view text) {
  line("warning: ", "\x1b[33m", text);
}
void warn_once(std::string_view text) {
  static std::set<std::string, std::less<>> said;
  if (said.emplace(text).second) warn(text);
}

void report(const Error& error) {
  line("error: ", "\x1b[31m", error.where.empty() ? error.what : error.where + ": " + error.what);
  if (!error.hint.empty()) line("", "", error.hint);
}

int failed(const Error& error) {
  report(error);
  return exit_code(error.code);
}

bool interactive() {
  const char* terminal = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) == 1 && terminal != nullptr && std::strcmp(terminal, "dumb") != 0;
}

}  // namespace mobiedit::cli
