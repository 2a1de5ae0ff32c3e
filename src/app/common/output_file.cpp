#include "app/common/output_file.h"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): <csignal> has no ::kill
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "io/file_info.h"
#include "io/replace_file.h"
#include "io/write_whole.h"

namespace mobiedit::cli {
namespace {

constexpr std::string_view draft_mark = ".draft-";

/// Takes a number off the front; below 0 where there is none.
long take_number(std::string_view& text) {
  long number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return -1;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool is_running(long process) {
  return ::kill(static_cast<pid_t>(process), 0) == 0 || errno == EPERM;
}

/// Whether `name` was left by a run that was killed while it wrote `target`. Drafts are made under the target's lock,
/// which is ours now, so whoever made another is gone. The file that io::PendingFile makes to see whether it can be
/// made comes before the lock.
bool is_leftover(std::string_view name, const std::string& target) {
  const bool of_draft = name.starts_with("..");
  if (of_draft) name.remove_prefix(1);
  if (!name.starts_with("." + target)) return false;
  name.remove_prefix(target.size() + 1);
  if (name.starts_with(draft_mark)) {
    name.remove_prefix(draft_mark.size());
    return take_number(name) >= 0 && (of_draft ? name.ends_with(".part") : name.empty());
  }
  if (of_draft || !name.starts_with(".") || !name.ends_with(".part")) return false;
  name.remove_prefix(1);
  const long process = take_number(name);
  return process > 0 && !is_running(process);
}

void remove_leftovers(const std::filesystem::path& path) {
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  const std::filesystem::directory_iterator end;
  for (; !error && entry != end; entry.increment(error)) {
    if (is_leftover(entry->path().filename().native(), path.filename().native())) io::remove_file(entry->path());
  }
}

}  // namespace

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
  remove_leftovers(path);
  const auto draft =
      path.parent_path() / ("." + path.filename().string() + std::string(draft_mark) + std::to_string(::getpid()));
  return OutputFile(path, draft, std::move(*lock));
}

Status OutputFile::deliver() {
  return io::replace_file(draft_, path_);
}

}  // namespace mobiedit::cli
