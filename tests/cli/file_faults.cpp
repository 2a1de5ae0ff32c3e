// Preloaded by test_faults.py: the n-th operation that changes something under a folder fails, or is the last.
//
//   MOBIEDIT_FAULT_FOLDER   what lies under it counts; an absolute path
//   MOBIEDIT_FAULT_AT       n, counted from 1
//   MOBIEDIT_FAULT_KIND     full   it and all later ones that take room fail with ENOSPC, half of a write done
//                           error  it alone fails with EIO
//                           kill   the process ends before it
//                           power  likewise, and what was written and not synced is lost: the old bytes and sizes are
//                                  back. Names are taken to be on the disk at once, as journalling file systems have it
//                                  in practice.
//                           flip   it alone, if it is write(), succeeds, with a bit in its middle wrong
//   MOBIEDIT_FAULT_COUNT    a file that gets a byte for every operation; the tests count them
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

namespace {

template <class F>
F* original(const char* name) {
  return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}

constexpr int killed = 99;

struct Written {
  dev_t device;
  ino_t inode;
  int file;  // our own, for the program may close its
  off_t offset;
  off_t size;
  std::vector<char> bytes;
};

struct Plan {
  std::string folder, kind;
  long at = 0;
  int counter = -1;
  std::atomic<long> count{0};
  std::mutex mutex;
  std::vector<Written> unsynced;
};

Plan& plan() {
  // Never destroyed: the program writes until its very end.
  static Plan* const the_plan = [] {
    const auto setting = [](const char* name) -> std::string {
      const char* value = std::getenv(name);
      return value == nullptr ? "" : value;
    };
    auto* p = new Plan;
    p->folder = setting("MOBIEDIT_FAULT_FOLDER");
    p->kind = setting("MOBIEDIT_FAULT_KIND");
    p->at = std::atol(setting("MOBIEDIT_FAULT_AT").c_str());
    if (const std::string path = setting("MOBIEDIT_FAULT_COUNT"); !path.empty()) {
      p->counter = original<int(const char*, int, ...)>("open64")(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    }
    return p;
  }();
  return *the_plan;
}

void lose_power() {
  Plan& p = plan();
  for (auto write = p.unsynced.rbegin(); write != p.unsynced.rend(); ++write) {
    // Nothing can be done about a failure here but to let the test find another state than it expects.
    if (!write->bytes.empty() && original<ssize_t(int, const void*, size_t, off_t)>("pwrite64")(
                                     write->file, write->bytes.data(), write->bytes.size(), write->offset) < 0)
      ::_exit(1);
    if (original<int(int, off_t)>("ftruncate64")(write->file, write->size) < 0) ::_exit(1);
  }
}

/// Returns true if the current operation has to fail, with errno set. Ends the process if the operation is the last.
bool fails(bool takes_room) {
  Plan& p = plan();
  if (p.counter >= 0 && original<ssize_t(int, const void*, size_t)>("write")(p.counter, ".", 1) < 0) ::_exit(1);
  const long n = ++p.count;
  if (p.at <= 0 || n < p.at || p.kind == "flip") return false;
  if (p.kind == "full") {
    errno = ENOSPC;
    return takes_room;
  }
  if (n > p.at) return false;
  if (p.kind == "power") lose_power();
  if (p.kind == "power" || p.kind == "kill") ::_exit(killed);
  errno = EIO;
  return true;
}

bool under(const char* path) {
  const std::string& folder = plan().folder;
  return !folder.empty() && path != nullptr && std::strncmp(path, folder.c_str(), folder.size()) == 0;
}

std::string link_of(int file) {
  return "/proc/self/fd/" + std::to_string(file);
}

bool under(int file) {
  char path[4096] = {};
  const int saved = errno;
  const ssize_t size = ::readlink(link_of(file).c_str(), path, sizeof path - 1);
  errno = saved;
  return size > 0 && under(path);
}

bool writes(int flags) {
  return (flags & (O_WRONLY | O_RDWR)) != 0 && ((flags & (O_CREAT | O_TRUNC)) != 0 || (flags & O_TMPFILE) == O_TMPFILE);
}

/// Before bytes [offset, offset + size) of the file change, or its size.
void remember(int file, off_t offset, std::size_t size) {
  Plan& p = plan();
  if (p.kind != "power") return;
  const std::lock_guard lock(p.mutex);
  struct ::stat now{};
  if (::fstat(file, &now) != 0 || !S_ISREG(now.st_mode)) return;
  const int mine = original<int(const char*, int, ...)>("open64")(link_of(file).c_str(), O_RDWR | O_CLOEXEC);
  if (mine < 0) ::_exit(1);
  Written written{now.st_dev, now.st_ino, mine, offset, now.st_size, {}};
  if (offset < now.st_size) {
    written.bytes.resize(std::min(size, static_cast<std::size_t>(now.st_size - offset)));
    if (::pread(mine, written.bytes.data(), written.bytes.size(), offset) < 0) ::_exit(1);
  }
  p.unsynced.push_back(std::move(written));
}

void synced(int file) {
  Plan& p = plan();
  struct ::stat now{};
  if (p.kind != "power" || ::fstat(file, &now) != 0) return;
  const std::lock_guard lock(p.mutex);
  std::erase_if(p.unsynced, [&](const Written& written) {
    const bool same = written.device == now.st_dev && written.inode == now.st_ino;
    if (same) original<int(int)>("close")(written.file);
    return same;
  });
}

int open_as(const char* name, const char* path, int flags, mode_t mode) {
  const bool counts = writes(flags) && under(path);
  if (counts && fails(true)) return -1;
  return original<int(const char*, int, ...)>(name)(path, flags, mode);
}

int truncate_as(const char* name, int file, off_t size) {
  if (under(file)) {
    if (fails(false)) return -1;
    struct ::stat now{};
    if (::fstat(file, &now) == 0 && now.st_size > size)
      remember(file, size, static_cast<std::size_t>(now.st_size - size));
    else
      remember(file, size, 0);
  }
  return original<int(int, off_t)>(name)(file, size);
}

ssize_t pwrite_as(const char* name, int file, const void* data, size_t size, off_t offset) {
  const auto write = original<ssize_t(int, const void*, size_t, off_t)>(name);
  if (under(file)) {
    if (fails(true)) {
      const int error = errno;
      if (error == ENOSPC && size > 1) return write(file, data, size / 2, offset);
      errno = error;
      return -1;
    }
    remember(file, offset, size);
  }
  return write(file, data, size, offset);
}

int allocate_as(const char* name, int file, off_t offset, off_t size) {
  if (under(file)) {
    if (fails(true)) return errno;
    remember(file, offset + size, 0);
  }
  return original<int(int, off_t, off_t)>(name)(file, offset, size);
}

int sync_as(const char* name, int file) {
  const bool counts = under(file);
  if (counts && fails(false)) return -1;
  const int done = original<int(int)>(name)(file);
  if (counts && done == 0) synced(file);
  return done;
}

mode_t mode_of(int flags, va_list arguments) {
  const bool given = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  return given ? static_cast<mode_t>(va_arg(arguments, int)) : 0;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_as("open", path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_as("open64", path, flags, mode);
}

ssize_t write(int file, const void* data, size_t size) {
  const auto plain = original<ssize_t(int, const void*, size_t)>("write");
  if (under(file)) {
    if (fails(true)) {
      const int error = errno;
      if (error == ENOSPC && size > 1) return plain(file, data, size / 2);
      errno = error;
      return -1;
    }
    remember(file, ::lseek(file, 0, SEEK_CUR), size);
    if (plan().kind == "flip" && plan().count == plan().at && size > 0) {
      std::vector<char> wrong(static_cast<const char*>(data), static_cast<const char*>(data) + size);
      wrong[size / 2] = static_cast<char>(wrong[size / 2] ^ 1);
      return plain(file, wrong.data(), size);
    }
  }
  return plain(file, data, size);
}

ssize_t pwrite(int file, const void* data, size_t size, off_t offset) {
  return pwrite_as("pwrite", file, data, size, offset);
}
ssize_t pwrite64(int file, const void* data, size_t size, off_t offset) {
  return pwrite_as("pwrite64", file, data, size, offset);
}

int ftruncate(int file, off_t size) noexcept {
  return truncate_as("ftruncate", file, size);
}
int ftruncate64(int file, off_t size) noexcept {
  return truncate_as("ftruncate64", file, size);
}

int posix_fallocate(int file, off_t offset, off_t size) {
  return allocate_as("posix_fallocate", file, offset, size);
}
int posix_fallocate64(int file, off_t offset, off_t size) {
  return allocate_as("posix_fallocate64", file, offset, size);
}

int fsync(int file) {
  return sync_as("fsync", file);
}
int fdatasync(int file) {
  return sync_as("fdatasync", file);
}

int close(int file) {
  const auto plain = original<int(int)>("close");
  const int flags = ::fcntl(file, F_GETFL);
  const bool counts = flags >= 0 && (flags & (O_WRONLY | O_RDWR)) != 0 && under(file);
  const bool failed = counts && fails(false);
  const int error = errno;
  const int done = plain(file);
  if (!failed) return done;
  errno = error;
  return -1;
}

int fchmod(int file, mode_t mode) noexcept {
  if (under(file) && fails(false)) return -1;
  return original<int(int, mode_t)>("fchmod")(file, mode);
}

int rename(const char* from, const char* to) noexcept {
  if (under(to) && fails(true)) return -1;
  return original<int(const char*, const char*)>("rename")(from, to);
}

int unlink(const char* path) noexcept {
  if (under(path) && fails(false)) return -1;
  return original<int(const char*)>("unlink")(path);
}

int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) noexcept {
  if (under(to) && fails(true)) return -1;
  return original<int(int, const char*, int, const char*, int)>("linkat")(from_folder, from, to_folder, to, flags);
}

}  // extern "C"
