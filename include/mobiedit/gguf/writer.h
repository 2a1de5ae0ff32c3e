// Writer of GGUF files: a file is written whole, or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "mobiedit/base/result.h"
#include "mobiedit/gguf/file.h"

namespace mobiedit::io {
class FileSystem;
}

namespace mobiedit::gguf {

/// Collects metadata and tensors, then writes them in one go: a temporary file in the same folder, preallocated,
/// synced, renamed over `path`, the folder synced. On any failure `path` is what it was and the temporary is gone.
class Writer {
 public:
  /// Adds an entry, or replaces the one with its key. Tensors are aligned to 32 bytes, or to the value of the entry
  /// "general.alignment".
  void set(Entry entry);
  void set_string(std::string key, std::string value);
  void set_u32(std::string key, std::uint32_t value);
  void set_f32(std::string key, float value);

  /// Adds a tensor. `bytes` is called while writing, one tensor at a time, and must return exactly as many bytes as
  /// type and shape need; they are borrowed until write() returns.
  void add_tensor(std::string name, TensorType type, std::vector<std::uint64_t> shape,
                  std::function<Result<std::span<const std::byte>>()> bytes);

  /// Takes a tensor's next bytes.
  using Sink = std::function<Status(std::span<const std::byte>)>;
  /// Adds a tensor that need not be whole in memory: `produce` hands its bytes to the sink piece by piece, and returns
  /// an error of the sink at once.
  void stream_tensor(std::string name, TensorType type, std::vector<std::uint64_t> shape,
                     std::function<Status(const Sink&)> produce);

  /// Errors: usage (a duplicate tensor name, a shape or value that does not fit its type, wrong byte count), io,
  /// out_of_memory, and the error that a tensor's `bytes` returns.
  [[nodiscard]] Status write(const std::filesystem::path& path) const;
  /// Writes through a file system of the caller's, for tests.
  [[nodiscard]] Status write(const std::filesystem::path& path, const io::FileSystem& system) const;

 private:
  [[nodiscard]] Status write_checked(const std::filesystem::path& path, const io::FileSystem& system) const;

  struct Tensor {
    std::string name;
    TensorType type;
    std::vector<std::uint64_t> shape;
    std::function<Status(const Sink&)> produce;
  };
  std::vector<Entry> entries_;
  std::vector<Tensor> tensors_;
};

}  // namespace mobiedit::gguf
