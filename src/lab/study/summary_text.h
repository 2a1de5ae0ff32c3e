// Tables of metrics, for people.
#pragma once

#include <string>

#include "lab/study/sequence.h"
#include "mobiedit/eval/metrics.h"

namespace mobiedit {

/// A line per metric, and peak memory of this process.
[[nodiscard]] std::string summary_text(const Summary& summary);

/// A line per point.
[[nodiscard]] std::string sequence_text(const Sequence& sequence);

}  // namespace mobiedit
