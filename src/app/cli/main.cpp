// mobiedit: the command line.
#include <CLI/CLI.hpp>
#include <exception>
#include <new>
#include <sstream>

#include "app/cli/console.h"
#include "app/cli/exit_code.h"
#include "app/cli/interrupt.h"
#include "app/cli/verbs.h"

namespace {

using namespace mobiedit;
using namespace mobiedit::cli;

int parse_and_run(int argc, char** argv) {
  CLI::App app{"Change what a language model knows, by forward passes alone", "mobiedit"};
  app.set_version_flag("--version", "mobiedit " MOBIEDIT_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  app.footer("`mobiedit VERB -h` tells more of a verb. Options may also be set by environment variables named there.");

  Run run;
  add_edit(app, run);
  add_ask(app, run);
  add_eval(app, run);
  add_experiment(app, run);
  add_inspect(app, run);
  add_stats(app, run);
  add_plan(app, run);
  add_bench(app, run);
  add_list(app, run);
  add_show(app, run);
  add_undo(app, run);
  add_enable(app, run);
  add_disable(app, run);
  add_export(app, run);
  add_apply(app, run);
  add_verify(app, run);
  add_restore(app, run);
  add_store(app, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, err;
    if (app.exit(error, out, err) == 0) return finished(print_result(out.str()));  // help or version was asked for
    const bool unknown = app.get_subcommands().empty() && argc > 1 && argv[1][0] != '-';
    return failed({ErrorCode::usage, unknown ? std::string("unknown verb \"") + argv[1] + "\"" : error.what(), "",
                   "`mobiedit -h` shows the verbs, `mobiedit VERB -h` their options"});
  }
  return run();
}

}  // namespace

int main(int argc, char** argv) {
  catch_lost_files();
  try {
    return parse_and_run(argc, argv);
  } catch (const std::bad_alloc&) {
    return failed({ErrorCode::out_of_memory, "not enough memory", "", ""});
  } catch (const std::exception& error) {
    return failed({ErrorCode::other, error.what(), "", "this is a fault of mobiedit itself"});
  }
}
