// The battery of a data set from beginning to end: the model's states in turn, and the report.
#pragma once

#include <functional>
#include <string>

#include "lab/battery/battery.h"
#include "lab/study/each_fact.h"
#include "lab/study/facts.h"
#include "lab/study/report.h"

namespace mobiedit {

/// Edits of all facts, found to be in force together.
struct BatteryEdits {
  EditsTogether edits;
  std::string method;
  int layer = 0;  ///< the edited one
};

struct BatteryRun {
  std::string model;  ///< file, as the user named it
  std::string data;   ///< file, as the user named it
  BatteryOptions options;
  SessionOptions session;
  /// Makes the edits, after the unedited model was measured. Empty: the battery has no edited state.
  std::function<Result<BatteryEdits>()> find_edits;
};

/// Errors: those of Battery, and those of `find_edits`.
[[nodiscard]] Result<Report> run_battery(const BatteryRun& run, const Facts& facts, const Model& model,
                                         const CancelToken& cancel);

}  // namespace mobiedit
