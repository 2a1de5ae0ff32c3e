// A language model from a GGUF file, ready for forward passes.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/model/config.h"
#include "mobiedit/model/rounding.h"
#include "mobiedit/model/tokenizer.h"

namespace mobiedit {

class ThreadPool;

/// In what arithmetic the products run.
enum class Precision {
  automatic,  ///< int8 for quantised tensors, float32 for float tensors
  float32,    ///< everything dequantised: slow and large, the oracle of the other
  int8,       ///< int8 weights and activations in groups of 32, even where the file holds floats
};

struct ModelOptions {
  int threads = 0;  ///< for loading; 0: one for each processor
  Precision precision = Precision::automatic;
  Rounding rounding;                 ///< other than none: with float32 alone
  int layers = 0;                    ///< loads only this many layers, the first ones, for timing; 0: all
  bool portable_kernels = false;     ///< no instruction-set extensions: the plain path, for comparison
  std::shared_ptr<ThreadPool> pool;  ///< shared worker threads, for loading; none: `threads` of its own
};

/// Immutable once open, and safe to share between threads; the file stays mapped read-only and is never written.
class Model {
 public:
  /// Errors: io, bad_model (says which key or tensor and what was expected), usage (rounding in integers),
  /// out_of_memory (before anything is loaded if the system has less to give than the model needs, with both figures).
  [[nodiscard]] static Result<Model> open(const std::filesystem::path& path, const ModelOptions& options = {});

  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();

  [[nodiscard]] const ModelConfig& config() const;
  [[nodiscard]] const Tokenizer& tokenizer() const;
  [[nodiscard]] const gguf::File& file() const;
  /// 32 hexadecimal digits over the whole file, or over all pieces of a split model in order: two files with one
  /// fingerprint are the same model. Reads the file once, on the first call.
  [[nodiscard]] const std::string& fingerprint() const;
  /// "int8" or "float32", and the instruction set: "int8 (avx2)".
  [[nodiscard]] std::string arithmetic() const;
  /// Warnings, one sentence per reason: products that run slower because a type, a shape or this processor has no
  /// kernel. Usually empty.
  [[nodiscard]] const std::vector<std::string>& fallbacks() const;

  struct Contents;
  /// For this library's own layers.
  [[nodiscard]] const Contents& contents() const { return *contents_; }

 private:
  explicit Model(std::unique_ptr<Contents> contents);
  std::unique_ptr<Contents> contents_;
};

}  // namespace mobiedit
