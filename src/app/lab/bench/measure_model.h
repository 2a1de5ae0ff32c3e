// What a model costs: loading, reading, writing, and an edit's parts.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"

namespace mobiedit::cli {

struct MeasureOptions {
  int threads = 0;
  int layer = 5;
  int evaluations = 150;
  int batch = 64;  ///< evaluations at once; scratch is bounded, so a few show it
  int prefill = 512;
  int decode = 32;
  int activation_bits = 16;  ///< of reading; an edit's search takes 8
  bool edit = true;          ///< the whole edit too, which takes minutes on a large model
};

/// The request that is measured: a short subject, and a target of two tokens.
[[nodiscard]] std::string measured_subject();
[[nodiscard]] std::string measured_prompt();
[[nodiscard]] std::string measured_target();

/// To four digits: more of a time is noise.
[[nodiscard]] double rounded(double value);

/// Says on stderr what it is doing. Memory counts from the process's beginning, so nothing large may have come before.
[[nodiscard]] Result<nlohmann::ordered_json> measure_model(const std::string& path, const MeasureOptions& options,
                                                           const CancelToken& cancel);

}  // namespace mobiedit::cli
