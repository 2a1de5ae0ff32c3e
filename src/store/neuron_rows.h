// Table of neurons: an edit's own under number 0, and those found again for other facts of its subject.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/store/store.h"
#include "store/database.h"

namespace mobiedit {

/// The floats of a blob; bytes that are left over do not count.
[[nodiscard]] std::vector<float> floats_of(std::span<const std::byte> bytes);

/// Keeps the neuron under the next free number of the edit. Errors: as Database.
[[nodiscard]] Status insert_neuron(const Database& database, std::int64_t edit, const SharedNeuron& shared);

/// Reads neurons of edits. One thread at a time.
class NeuronRows {
 public:
  /// Errors: as Database.
  [[nodiscard]] static Result<NeuronRows> prepare(const Database& database);

  /// All neurons of an edit, in the order in which they were found; their layer is `layer`. None where a record makes
  /// no sense or, but for the first, does not agree with its checksum. Errors: as Database.
  [[nodiscard]] Result<std::optional<std::vector<SharedNeuron>>> of(std::int64_t edit, int layer);

 private:
  explicit NeuronRows(Statement rows) : rows_(std::move(rows)) {}
  Statement rows_;
};

}  // namespace mobiedit
