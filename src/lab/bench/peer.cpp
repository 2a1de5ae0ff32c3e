#include "lab/bench/peer.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

namespace mobiedit {
namespace {

namespace fs = std::filesystem;

constexpr const char* program = "llama-bench";

bool on_path() {
  const char* path = std::getenv("PATH");
  if (path == nullptr) return false;
  std::string_view rest = path;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(':'), rest.size());
    const fs::path candidate = fs::path(rest.substr(0, end)) / program;
    if (end > 0 && ::access(candidate.c_str(), X_OK) == 0) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

/// The command's standard output. Drops its standard error, since llama.cpp prints much there.
Result<std::string> output_of(const std::vector<std::string>& command) {
  int pipe_ends[2];
  if (::pipe2(pipe_ends, O_CLOEXEC) != 0) return fail(ErrorCode::io, std::strerror(errno), command.front());
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int refused = ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(pipe_ends[1]);
  std::string text;
  if (refused == 0) {
    char bytes[4096];
    for (;;) {
      const ssize_t count = ::read(pipe_ends[0], bytes, sizeof bytes);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      text.append(bytes, static_cast<std::size_t>(count));
    }
  }
  ::close(pipe_ends[0]);
  if (refused != 0) return fail(ErrorCode::other, std::strerror(refused), command.front());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return fail(ErrorCode::other, "it ended with an error", command.front());
  return text;
}

/// Makes the file visible inside the peer's root while it lives: by a link, or a copy where no link is possible.
class Inside {
 public:
  Inside(const fs::path& root, const fs::path& model, const FileGuard& guard)
      : path_(root / (".mobiedit-" + std::to_string(::getpid()) + ".gguf")), guard_(guard(path_)) {
    fs::create_hard_link(model, path_, error_);
    if (!error_) return;
    error_.clear();
    fs::copy_file(model, path_, error_);
  }
  ~Inside() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

  [[nodiscard]] const std::error_code& error() const { return error_; }
  [[nodiscard]] std::string name() const { return "/" + path_.filename().string(); }

 private:
  fs::path path_;
  std::shared_ptr<void> guard_;
  std::error_code error_;
};

}  // namespace

std::optional<Peer> Peer::find(FileGuard guard) {
  Peer peer;
  peer.guard_ = std::move(guard);
  const char* root = std::getenv("MOBIEDIT_PEER");
  std::error_code ignored;
  if (root != nullptr && fs::exists(fs::path(root) / "usr/bin" / program, ignored) && ::geteuid() == 0) {
    peer.root_ = root;
    peer.name_ = std::string(program) + " in " + root;
    return peer;
  }
  if (!on_path()) return std::nullopt;
  peer.name_ = program;
  return peer;
}

Result<double> Peer::tokens_per_second(const fs::path& model, const PeerReading& reading, int threads) const {
  std::vector<std::string> command;
  std::optional<Inside> inside;
  if (!root_.empty()) {
    inside.emplace(root_, model, guard_);
    if (inside->error()) return fail(ErrorCode::io, inside->error().message(), root_.string());
    command = {"chroot", root_.string()};
  }
  const std::string path = inside ? inside->name() : model.string();
  command.insert(command.end(),
                 {program, "-m", path, "-p", std::to_string(reading.prompt), "-n", std::to_string(reading.generated),
                  "-r", "2", "-t", std::to_string(threads), "-o", "json"});
  // Older versions of llama-bench do not know this option.
  if (reading.depth > 0) command.insert(command.end(), {"-d", std::to_string(reading.depth)});
  const auto text = output_of(command);
  if (!text) return std::unexpected(text.error());
  const auto document = nlohmann::json::parse(*text, nullptr, false);
  double best = 0;
  if (document.is_array() && document.size() == 1 && document[0].is_object()) {
    const auto samples = document[0].value("samples_ts", nlohmann::json::array());
    for (const auto& sample : samples)
      if (sample.is_number()) best = std::max(best, sample.get<double>());
  }
  if (best <= 0) return fail(ErrorCode::other, "its output is not that of llama-bench", name_);
  return best;
}

}  // namespace mobiedit
