// The experiments; each adds its subcommand.
#pragma once

#include "app/cli/verbs.h"

namespace mobiedit::cli {

void add_sequence(CLI::App& verb, Run& run);

}  // namespace mobiedit::cli
