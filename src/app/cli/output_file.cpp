#include "app/cli/output_file.h"

#include <unistd.h>

#include <utility>

#include "io/file_info.h"
#include "io/replace_file.h"
#include "io/write_whole.h"

namespace mobiedit::cli {

OutputFile::OutputFile(std::filesystem::path path, std::filesystem::path draft, io::FileLock lock)
    : path_(std::move(path)),
      draft_(std::move(draft)),
      draft_on_interrupt_(std::make_unique<RemoveOnInterrupt>(draft_)),
      lock_on_interrupt_(std::make_unique<RemoveOnInterrupt>(path_.native() + ".lock")),
      lock_(std::move(lock)) {}

OutputFile::~OutputFile() {
  if (draft_on_interrupt_) io::remove_file(draft_);
}

Result<OutputFile> OutputFile::reserve(const std::filesystem::path& path, std::uint64_t expected_bytes,
                                       const std::vector<std::filesystem::path>& inputs) {
  for (const auto& input : inputs) {
    const auto same = io::same_file(path, input);
    if (!same) return std::unexpected(same.error());
    if (*same || path.lexically_normal() == input.lexically_normal()) {
      return fail(ErrorCode::usage, "is both read and written", path.string(), "give the output another name");
    }
  }
  // Made for its checks of folder, permissions and space, and thrown away.
  if (const auto probe = io::PendingFile::create(path, expected_bytes); !probe) return std::unexpected(probe.error());
  auto lock = io::FileLock::acquire(path, "mobiedit");
  if (!lock) return std::unexpected(lock.error());
  const auto draft = path.parent_path() / ("." + path.filename().string() + ".draft-" + std::to_string(::getpid()));
  return OutputFile(path, draft, std::move(*lock));
}

Status OutputFile::deliver() {
  return io::replace_file(draft_, path_);
}

}  // namespace mobiedit::cli
