// The verbs of the command line. Each adds its subcommand; parsing it sets `run`.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace mobiedit::cli {

/// Does what the user asked for and gives the exit code.
using Run = std::function<int()>;

void add_edit(CLI::App& app, Run& run);
void add_ask(CLI::App& app, Run& run);
void add_eval(CLI::App& app, Run& run);
void add_inspect(CLI::App& app, Run& run);
void add_stats(CLI::App& app, Run& run);
void add_bench(CLI::App& app, Run& run);

}  // namespace mobiedit::cli
