// Exit codes of the programs. They are a part of the contract with callers: docs/command-line.md.
#pragma once

namespace mobiedit::cli {

enum ExitCode : int {
  exit_done = 0,
  exit_other = 1,
  exit_usage = 2,
  exit_target_not_reached = 3,
  exit_bad_model = 4,
  exit_io = 5,
  exit_locked = 6,
  exit_verification = 7,
  exit_interrupted = 130,  ///< by SIGINT; by SIGTERM it is 143
};

}  // namespace mobiedit::cli
