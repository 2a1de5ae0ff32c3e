// The user's program, `mobiedit`.
#include "app/common/program.h"
#include "app/mobiedit/verbs.h"

namespace {

void add_verbs(CLI::App& app, mobiedit::cli::Run& run) {
  using namespace mobiedit::cli;
  add_edit(app, run);
  add_ask(app, run);
  add_chat(app, run);
  add_inspect(app, run);
  add_stats(app, run);
  add_plan(app, run);
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
}

}  // namespace

int main(int argc, char** argv) {
  return mobiedit::cli::run_program(
      {"mobiedit", "Change what a language model knows, by forward passes alone", add_verbs}, argc, argv);
}
