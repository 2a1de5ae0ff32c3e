#include "app/common/program.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <new>
#include <sstream>

#include "app/common/console.h"
#include "app/common/exit_code.h"
#include "app/common/interrupt.h"

namespace mobiedit::cli {
namespace {

int parse_and_run(const Program& program, int argc, char** argv) {
  CLI::App app{program.description, program.name};
  app.set_version_flag("--version", fmt::format("{} {}", program.name, MOBIEDIT_VERSION));
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  app.footer(
      fmt::format("`{} VERB -h` tells more of a verb. Options may also be set by environment variables named there.",
                  program.name));
  Run run;
  program.add_verbs(app, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, err;
    if (app.exit(error, out, err) == 0) {  // help or version was asked for
      const Status printed = print_result(out.str());
      return printed ? exit_done : failed(printed.error());
    }
    const bool unknown = app.get_subcommands().empty() && argc > 1 && argv[1][0] != '-';
    return failed({ErrorCode::usage, unknown ? fmt::format("unknown verb \"{}\"", argv[1]) : error.what(), "",
                   fmt::format("`{0} -h` shows the verbs, `{0} VERB -h` their options", program.name)});
  }
  const Result<int> code = run();
  return code ? *code : failed(code.error());
}

}  // namespace

int run_program(const Program& program, int argc, char** argv) {
  set_program_name(program.name);
  catch_lost_files(program.name);
  try {
    return parse_and_run(program, argc, argv);
  } catch (const std::bad_alloc&) {
    return failed({ErrorCode::out_of_memory, "not enough memory", "", ""});
  } catch (const std::exception& error) {
    return failed({ErrorCode::other, error.what(), "", "this is a fault of the program itself"});
  }
}

}  // namespace mobiedit::cli
