#include "io/available_memory.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

namespace mobiedit::io {
namespace {

// Files of /proc and /sys have no size, so they are read until they end.
std::string text_of(const FileSystem& system, const char* path) {
  std::string text;
  const int file = uninterrupted([&] { return system.open(path, O_RDONLY | O_CLOEXEC, 0); });
  if (file < 0) return text;
  char piece[4096];
  constexpr std::size_t longest = std::size_t{1} << 16;
  while (text.size() < longest) {
    const ssize_t got = uninterrupted([&] { return system.read(file, piece, sizeof piece); });
    if (got <= 0) break;
    text.append(piece, static_cast<std::size_t>(got));
  }
  system.close(file);
  return text;
}

/// The number after `name` at the beginning of a line. With an empty `name`: the number at the beginning.
std::optional<std::uint64_t> number_after(std::string_view text, std::string_view name) {
  std::size_t at = 0;
  while (at < text.size() && !text.substr(at).starts_with(name)) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos) return std::nullopt;
    at = end + 1;
  }
  at = text.find_first_not_of(" \t", at + name.size());
  if (at == std::string_view::npos) return std::nullopt;
  std::uint64_t value = 0;
  if (std::from_chars(text.data() + at, text.data() + text.size(), value).ec != std::errc()) return std::nullopt;
  return value;
}

std::uint64_t minus(std::uint64_t a, std::uint64_t b) {
  return a > b ? a - b : 0;
}

}  // namespace

std::optional<std::uint64_t> available_memory(const FileSystem& system) {
  std::optional<std::uint64_t> least;
  const auto at_most = [&](std::uint64_t bytes) { least = std::min(least.value_or(bytes), bytes); };

  const std::string machine = text_of(system, "/proc/meminfo");
  if (const auto free = number_after(machine, "MemAvailable:"))
    at_most((*free + number_after(machine, "SwapFree:").value_or(0)) * 1024);

  // "max" means no limit. The control group counts cached file pages as used, but the system can drop them.
  const auto limit = number_after(text_of(system, "/sys/fs/cgroup/memory.max"), "");
  const auto used = number_after(text_of(system, "/sys/fs/cgroup/memory.current"), "");
  if (limit && used) {
    const std::string kinds = text_of(system, "/sys/fs/cgroup/memory.stat");
    const std::uint64_t cached =
        number_after(kinds, "inactive_file ").value_or(0) + number_after(kinds, "active_file ").value_or(0);
    at_most(minus(*limit, minus(*used, cached)));
  }

  rlimit address_space{};
  if (::getrlimit(RLIMIT_AS, &address_space) == 0 && address_space.rlim_cur != RLIM_INFINITY) {
    const auto pages = number_after(text_of(system, "/proc/self/statm"), "");
    const long page = ::sysconf(_SC_PAGESIZE);
    if (pages && page > 0) at_most(minus(address_space.rlim_cur, *pages * static_cast<std::uint64_t>(page)));
  }
  return least;
}

}  // namespace mobiedit::io
