// An output file: refused before the work if it could not be written after it, and put in its place only once its
// contents were checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "mobiedit/base/result.h"
#include "mobiedit/workspace/observer.h"

namespace mobiedit {

namespace io {
class FileSystem;
}

class OutputFile {
 public:
  /// Locks `path` against other runs and tries whether `expected_bytes` can be written there. `observer` may be null;
  /// it is told of the temporary files. Errors: usage (one of the `inputs`, or a file that another output takes), io,
  /// locked.
  [[nodiscard]] static Result<OutputFile> reserve(const std::filesystem::path& path, std::uint64_t expected_bytes,
                                                  std::span<const std::filesystem::path> inputs,
                                                  WorkspaceObserver* observer = nullptr);
  /// For this library's tests: puts the file in its place through `system`, which must outlive it.
  [[nodiscard]] static Result<OutputFile> reserve(const std::filesystem::path& path, std::uint64_t expected_bytes,
                                                  std::span<const std::filesystem::path> inputs,
                                                  WorkspaceObserver* observer, const io::FileSystem& system);

  OutputFile(OutputFile&&) noexcept;
  OutputFile& operator=(OutputFile&&) noexcept;
  /// Removes the draft, unless it was delivered.
  ~OutputFile();

  [[nodiscard]] const std::filesystem::path& path() const;
  /// Where to write the contents: hidden, beside `path`.
  [[nodiscard]] const std::filesystem::path& draft() const;
  /// Puts the draft in the place of `path`. Errors: io.
  [[nodiscard]] Status deliver();

 private:
  struct State;
  explicit OutputFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mobiedit
