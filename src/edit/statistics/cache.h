// Cache of measured statistics: GGUF files, each keyed by everything that its values depend on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "mobiedit/base/result.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/gguf/writer.h"
#include "mobiedit/model/changes.h"

namespace mobiedit {

/// Two statistics with equal keys are interchangeable. The whole key is in the file's metadata, its main part in the
/// file's name.
struct StatisticsKey {
  std::string kind;           ///< "key-covariance": lower-case letters, digits and hyphens
  std::uint32_t version = 1;  ///< version of the way in which this kind is measured and laid out
  std::string model;          ///< Model::fingerprint()
  int layer = -1;             ///< −1: the whole model
  std::string text;           ///< text_fingerprint(); empty: measured without text, or on text that does not matter
  std::string active_edits;   ///< edits_fingerprint(); empty: none

  /// "<model>-<kind>-layer5-<text>-edits<edits>.gguf", without the parts that are empty.
  [[nodiscard]] std::string file_name() const;
};

[[nodiscard]] std::string text_fingerprint(std::string_view text);

/// Fingerprint of adapters and edits in force, in order; empty for none. Throws std::bad_alloc.
[[nodiscard]] std::string edits_fingerprint(const Changes& edits);

/// A folder of such files. Any number of processes may share one: a file is written whole or not at all.
class StatisticsCache {
 public:
  /// An empty `folder` caches nothing.
  explicit StatisticsCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// The file with exactly this key. Nothing for a file that is missing, damaged or of another key: the caller
  /// measures anew and replaces it.
  [[nodiscard]] std::optional<gguf::File> find(const StatisticsKey& key) const;

  /// Adds the key to `values` and writes them as the key's file. Does nothing without a folder. Errors: those of
  /// gguf::Writer::write; then a file that was there before stays.
  [[nodiscard]] Status put(const StatisticsKey& key, gguf::Writer& values) const;

 private:
  std::filesystem::path folder_;
};

/// The float32 values [count] of a file's tensor; nothing if it has no such tensor of this size. Borrowed from the
/// file.
[[nodiscard]] std::optional<std::span<const float>> float_values(const gguf::File& file, std::string_view tensor,
                                                                 std::uint64_t count);

/// Adds float32 values to a file. The file borrows them until it is written.
void add_float_values(gguf::Writer& file, std::string tensor, std::span<const float> values);

}  // namespace mobiedit
