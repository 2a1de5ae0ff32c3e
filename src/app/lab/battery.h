// mobiedit-lab eval --battery: every column of edits that are in force together.
#pragma once

#include <optional>
#include <string>

#include "app/common/edit_options.h"
#include "app/common/model_options.h"
#include "app/lab/data_options.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"

namespace CLI {
class App;
}

namespace mobiedit::cli {

struct BatteryVerb {
  bool asked = false;
  bool mass = false;          ///< all edits in force at once
  bool unedited = false;      ///< measures no edits
  std::string running_text;   ///< a file
  std::optional<int> tokens;  ///< limit of tokens of that text
};

/// --battery, --mass, --unedited, --running-text, --running-tokens.
void add_battery_options(CLI::App& verb, BatteryVerb& battery);

/// Measures, and prints the result. Gives the exit code.
[[nodiscard]] Result<int> measure_battery(const BatteryVerb& battery, const RunOptions& run,
                                          const SearchSettings& search, const std::string& data, const Facts& facts,
                                          const Model& model, const CancelToken& cancel);

}  // namespace mobiedit::cli
