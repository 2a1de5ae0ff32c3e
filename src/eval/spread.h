// Quantiles and the harmonic mean.
#pragma once

#include <initializer_list>
#include <optional>
#include <vector>

#include "mobiedit/eval/metrics.h"

namespace mobiedit {

[[nodiscard]] Spread spread(std::vector<double> values);

/// Harmonic mean. Empty if a value is missing; 0 if a value is not above 0.
[[nodiscard]] std::optional<double> harmonic_mean(std::initializer_list<std::optional<double>> values);

}  // namespace mobiedit
