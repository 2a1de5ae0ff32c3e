// The verbs of `mobiedit`. Each adds its subcommand; parsing it sets `run`.
#pragma once

#include "app/common/program.h"

namespace mobiedit::cli {

void add_edit(CLI::App& app, Run& run);
void add_ask(CLI::App& app, Run& run);
void add_chat(CLI::App& app, Run& run);
void add_inspect(CLI::App& app, Run& run);
void add_stats(CLI::App& app, Run& run);
void add_plan(CLI::App& app, Run& run);
void add_list(CLI::App& app, Run& run);
void add_show(CLI::App& app, Run& run);
void add_undo(CLI::App& app, Run& run);
void add_enable(CLI::App& app, Run& run);
void add_disable(CLI::App& app, Run& run);
void add_export(CLI::App& app, Run& run);
void add_apply(CLI::App& app, Run& run);
void add_verify(CLI::App& app, Run& run);
void add_restore(CLI::App& app, Run& run);
void add_store(CLI::App& app, Run& run);

}  // namespace mobiedit::cli
