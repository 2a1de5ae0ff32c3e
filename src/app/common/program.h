// The frame of a command-line program: parses the arguments, runs the verb and turns every error into an exit code.
#pragma once

#include <functional>

#include "mobiedit/base/result.h"

namespace CLI {
class App;
}

namespace mobiedit::cli {

/// Does what the user asked for. Gives the exit code, or the error that decides it.
using Run = std::function<Result<int>()>;

struct Program {
  const char* name;
  const char* description;
  void (*add_verbs)(CLI::App& app, Run& run);  ///< each verb adds its subcommand; parsing it sets `run`
};

/// Returns the exit code of the whole process.
[[nodiscard]] int run_program(const Program& program, int argc, char** argv);

}  // namespace mobiedit::cli
