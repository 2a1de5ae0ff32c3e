// Writes a GGUF file: whole, or not at all.
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
  /// Later entries with a key that is already there replace it. Tensors are aligned to 32 bytes, or to what the entry
  /// "general.alignment" says.
  void set(Entry entry);
  void set_string(std::string key, std::string value);
  void set_u32(std::string key, std::uint32_t value);
  void set_f32(std::string key, float value);

  /// The tensor's bytes are asked for only while writing, one tensor at a time; `bytes` must return exactly as many as
  /// type and shape need. Borrowed until write() returns.
  void add_tensor(std::string name, TensorType type, std::vector<std::uint64_t> shape,
                  std::function<Result<std::span<const std::byte>>()> bytes);

  /// Takes a tensor's next bytes.
  using Sink = std::function<Status(std::span<const std::byte>)>;
  /// For a tensor that need not be whole in memory: `produce` hands its bytes over piece by piece and returns what the
  /// sink returned if that is an error.
  void stream_tensor(std::string name, TensorType type, std::vector<std::uint64_t> shape,
                     std::function<Status(const Sink&)> produce);

  /// Errors: usage (a duplicate tensor name, a shape or value that does not fit its type, wrong byte count), io,
  /// out_of_memory, and whatever a tensor's `bytes` returns.
  [[nodiscard]] Status write(const std::filesystem::path& path) const;
  /// The same through a file system of the caller's, for tests.
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
