// Report of the battery: its columns as JSON and as a table.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lab/battery/battery.h"

namespace mobiedit {

/// A column is a metric under the name that the battery gives it.
struct BatteryColumn {
  std::string_view name;
  std::string_view metric;  ///< name of a metric in all_metrics()
  std::string_view about;   ///< one line for people
};

[[nodiscard]] std::span<const BatteryColumn> battery_columns();

/// States of one battery. Borrowed.
struct BatteryStates {
  const BatteryState& unedited;
  const BatteryState* fact_in_prompt = nullptr;  ///< null: not measured
  const BatteryState* edited = nullptr;          ///< null: not measured
};

/// Fields `unedited`, `fact_in_prompt`, `edited`, each null or an object with all columns, and `counts`: the number of
/// records behind each column.
[[nodiscard]] nlohmann::ordered_json battery_json(const BatteryStates& states);

/// A line per column, a column per state.
[[nodiscard]] std::string battery_text(const BatteryStates& states);

}  // namespace mobiedit
