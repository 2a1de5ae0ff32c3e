// Prints a report of the laboratory.
#pragma once

#include "app/common/verb.h"
#include "lab/study/report.h"

namespace mobiedit::cli {

/// Prints the document or the table. Gives the exit code.
[[nodiscard]] inline Result<int> print_report(const Report& report, bool json) {
  return finished(json ? print_json(report.document) : print_result(report.table));
}

}  // namespace mobiedit::cli
