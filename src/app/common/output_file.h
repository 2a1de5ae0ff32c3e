// A file that a verb is going to write: refused before the work if it could not be written after it, and put in its
// place only once it was checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "app/common/interrupt.h"
#include "io/file_lock.h"
#include "mobiedit/base/result.h"

namespace mobiedit::cli {

class OutputFile {
 public:
  /// Locks `path` against other runs and tries whether `expected_bytes` can be written there.
  /// Errors: usage (one of the `inputs`, or a file that another output takes), io, locked.
  [[nodiscard]] static Result<OutputFile> reserve(const std::filesystem::path& path, std::uint64_t expected_bytes,
                                                  const std::vector<std::filesystem::path>& inputs);

  OutputFile(OutputFile&&) noexcept = default;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Where to write it for now: beside `path`, hidden. Gone if it is not delivered.
  [[nodiscard]] const std::filesystem::path& draft() const { return draft_; }
  /// The draft takes the place of `path`. Errors: io.
  [[nodiscard]] Status deliver();

 private:
  OutputFile(std::filesystem::path path, std::filesystem::path draft, io::FileLock lock);

  std::filesystem::path path_;
  std::filesystem::path draft_;
  std::unique_ptr<RemoveOnInterrupt> draft_on_interrupt_;
  std::unique_ptr<RemoveOnInterrupt> lock_on_interrupt_;
  io::FileLock lock_;
};

}  // namespace mobiedit::cli
