// Cost of a model: loading, reading, decoding, and the parts of an edit.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "lab/bench/machine.h"
#include "lab/bench/observer.h"
#include "lab/bench/peer.h"
#include "mobiedit/base/cancel.h"
#include "mobiedit/base/result.h"

namespace mobiedit {

struct MeasureOptions {
  int threads = 0;
  int layer = 5;
  int evaluations = 150;
  int batch = 64;            ///< evaluations at once, in the largest batch
  int prefill = 512;         ///< tokens read at once
  int decode = 32;           ///< tokens read one by one
  int depth = 0;             ///< tokens in the context before the first of `decode`
  int activation_bits = 16;  ///< bits of activations in reading; a search takes 8
  bool edit = true;          ///< times a whole edit too, which takes minutes on a large model
};

/// The request that benches edit: a short subject, and a target of two tokens.
[[nodiscard]] std::string measured_subject();
[[nodiscard]] std::string measured_prompt();
[[nodiscard]] std::string measured_target();

/// Rounds to four digits: further digits of a time are noise.
[[nodiscard]] double rounded(double value);

/// Fields that the document of a measured model begins with: threads, model, arithmetic, and the machine's peaks, which
/// are measured now and given in `peak` too.
[[nodiscard]] nlohmann::ordered_json measured_model(const std::string& path, const Model& model, int threads,
                                                    MachinePeak& peak);

/// Memory counts from the beginning of the process, so nothing large may have come before. `peer` may be null: its
/// reading speeds are then null. Errors: those of Model::open, Session and Editor; cancelled.
[[nodiscard]] Result<nlohmann::ordered_json> measure_model(const std::string& path, const MeasureOptions& options,
                                                           const Peer* peer, const BenchObserver& observer,
                                                           const CancelToken& cancel);

}  // namespace mobiedit
