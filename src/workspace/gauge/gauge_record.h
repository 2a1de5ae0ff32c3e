// Record of the damage gauge: all that it knows of the unedited model, as plain data that a cache can keep.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "mobiedit/gguf/file.h"
#include "mobiedit/gguf/writer.h"
#include "mobiedit/model/config.h"
#include "mobiedit/model/tokenizer.h"

namespace mobiedit {

/// One sequence of tokens. The logits after positions first, first + 1, …, tokens.size() − 2 are compared.
struct GaugeRow {
  std::vector<Token> tokens;
  int first = 0;
  int answer = 0;  ///< position of the answer's first token; tokens.size(): the row has no answer

  [[nodiscard]] int end() const { return static_cast<int>(tokens.size()) - 1; }
};

struct GaugeRecord {
  static constexpr std::size_t likeliest = 32;  ///< tokens that are compared one by one at each position

  std::size_t turns = 0;  ///< the first rows are chat turns, the others text
  std::vector<GaugeRow> rows;
  int looping = 0, endless = 0;          ///< number of the base's answers that loop, and that are cut off
  std::vector<float> tokens;             ///< [places, likeliest]: ids, exact in float32
  std::vector<float> log_probabilities;  ///< [places, likeliest]: of the base

  [[nodiscard]] std::size_t places() const;

  /// Adds the values to a file; the tensors are borrowed until it is written.
  void add_to(gguf::Writer& file) const;
  /// Reads add_to()'s values; nothing if they are missing, damaged or of another model. Throws std::bad_alloc.
  [[nodiscard]] static std::optional<GaugeRecord> from_file(const gguf::File& file, const ModelConfig& config);
};

}  // namespace mobiedit
