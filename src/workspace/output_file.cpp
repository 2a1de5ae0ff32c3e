#include "mobiedit/workspace/output_file.h"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): <csignal> has no ::kill
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/try.h"
#include "io/file_info.h"
#include "io/file_lock.h"
#include "io/replace_file.h"
#include "io/write_whole.h"

namespace mobiedit {
namespace {

constexpr std::string_view draft_mark = ".draft-";

/// Takes a number off the front; negative where there is none.
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

/// True if `name` was left by a run that was killed while it wrote `target`. A draft is made under the target's lock.
/// The caller holds that lock now, so the maker of any other draft is gone. The trial file of io::PendingFile comes
/// before the lock: its maker must be looked for.
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

struct OutputFile::State {
  State(std::filesystem::path target, std::filesystem::path hidden, io::FileLock held, const io::FileSystem& files,
        WorkspaceObserver* observer)
      : path(std::move(target)), draft(std::move(hidden)), lock(std::move(held)), system(&files) {
    if (observer == nullptr) return;
    draft_told = observer->temporary_file(draft);
    lock_told = observer->temporary_file(path.native() + ".lock");
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { io::remove_file(draft); }

  std::filesystem::path path;
  std::filesystem::path draft;
  std::shared_ptr<void> draft_told, lock_told;
  io::FileLock lock;
  const io::FileSystem* system;
};

OutputFile::OutputFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
OutputFile::OutputFile(OutputFile&&) noexcept = default;
OutputFile& OutputFile::operator=(OutputFile&&) noexcept = default;
OutputFile::~OutputFile() = default;

const std::filesystem::path& OutputFile::path() const {
  return state_->path;
}
const std::filesystem::path& OutputFile::draft() const {
  return state_->draft;
}

Result<OutputFile> OutputFile::reserve(const std::filesystem::path& path, std::uint64_t expected_bytes,
                                       std::span<const std::filesystem::path> inputs, WorkspaceObserver* observer) {
  return reserve(path, expected_bytes, inputs, observer, io::FileSystem::real());
}

Result<OutputFile> OutputFile::reserve(const std::filesystem::path& path, std::uint64_t expected_bytes,
                                       std::span<const std::filesystem::path> inputs, WorkspaceObserver* observer,
                                       const io::FileSystem& system) {
  for (const auto& input : inputs) {
    MOBIEDIT_TRY(const auto same, io::same_file(path, input));
    if (same || path.lexically_normal() == input.lexically_normal()) {
      return fail(ErrorCode::usage, "is both read and written", path.string(), "give the output another name");
    }
  }
  // Made for its checks of folder, permissions and space, and thrown away.
  MOBIEDIT_CHECK(io::PendingFile::create(path, expected_bytes));
  MOBIEDIT_TRY(auto lock, io::FileLock::acquire(path, "mobiedit"));
  remove_leftovers(path);
  const auto draft =
      path.parent_path() / ("." + path.filename().string() + std::string(draft_mark) + std::to_string(::getpid()));
  return OutputFile(std::make_unique<State>(path, draft, std::move(lock), system, observer));
}

Status OutputFile::deliver() {
  return io::replace_file(state_->draft, state_->path, *state_->system);
}

}  // namespace mobiedit
