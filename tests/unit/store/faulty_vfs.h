// SQLite's own file system, one of whose calls goes wrong: for stores, what FaultyFileSystem is for the rest.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <cstring>
#include <string>

namespace mobiedit {

/// While it lives, every store opened goes through it. Call number `fail_at` (from 1) that would change a file fails;
/// with `power_lost` all that follow fail too, and a write that is cut off leaves its first half. One at a time.
class FaultyVfs {
 public:
  FaultyVfs(int fail_at, bool power_lost) {
    state() = {fail_at, 0, power_lost, sqlite3_vfs_find(nullptr)};
    vfs_ = *state().real;
    vfs_.iVersion = 1;
    vfs_.pNext = nullptr;
    vfs_.zName = "faulty";
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + state().real->szOsFile;
    vfs_.xOpen = open;
    vfs_.xDelete = remove;
    vfs_.xAccess = [](sqlite3_vfs*, const char* name, int flags, int* out) {
      return real()->xAccess(real(), name, flags, out);
    };
    vfs_.xFullPathname = [](sqlite3_vfs*, const char* name, int size, char* out) {
      return real()->xFullPathname(real(), name, size, out);
    };
    vfs_.xRandomness = [](sqlite3_vfs*, int size, char* out) { return real()->xRandomness(real(), size, out); };
    vfs_.xSleep = [](sqlite3_vfs*, int microseconds) { return real()->xSleep(real(), microseconds); };
    vfs_.xCurrentTime = [](sqlite3_vfs*, double* out) { return real()->xCurrentTime(real(), out); };
    vfs_.xGetLastError = [](sqlite3_vfs*, int size, char* out) { return real()->xGetLastError(real(), size, out); };
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~FaultyVfs() {
    sqlite3_vfs_register(state().real, 1);
    sqlite3_vfs_unregister(&vfs_);
  }
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

  /// Returns true once the call that has to fail was made.
  [[nodiscard]] static bool failed() { return state().calls >= state().fail_at; }

 private:
  struct State {
    int fail_at;
    int calls;
    bool power_lost;
    sqlite3_vfs* real;
  };
  struct File {
    sqlite3_file base;
    sqlite3_file* real;
  };

  // SQLite calls back without context.
  static State& state() {
    static State one{};
    return one;
  }
  static sqlite3_vfs* real() { return state().real; }
  static sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<File*>(file)->real; }
  static bool fails() {
    State& s = state();
    ++s.calls;
    return s.calls == s.fail_at || (s.power_lost && s.calls > s.fail_at);
  }

  static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
    auto* ours = reinterpret_cast<File*>(file);
    ours->base.pMethods = nullptr;
    ours->real = reinterpret_cast<sqlite3_file*>(ours + 1);
    if ((flags & SQLITE_OPEN_CREATE) != 0 && fails()) return SQLITE_CANTOPEN;
    const int code = real()->xOpen(real(), name, ours->real, flags, out);
    if (ours->real->pMethods != nullptr) ours->base.pMethods = &methods();
    return code;
  }
  static int remove(sqlite3_vfs*, const char* name, int sync) {
    return fails() ? SQLITE_IOERR_DELETE : real()->xDelete(real(), name, sync);
  }

  static const sqlite3_io_methods& methods() {
    static const sqlite3_io_methods table = [] {
      sqlite3_io_methods m{};
      m.iVersion = 1;
      m.xClose = [](sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); };
      m.xRead = [](sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
        return real(f)->pMethods->xRead(real(f), to, size, at);
      };
      m.xWrite = [](sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
        const bool cut = fails();
        const bool first = state().calls == state().fail_at;
        if (cut && state().power_lost && first) real(f)->pMethods->xWrite(real(f), from, size / 2, at);
        return cut ? SQLITE_IOERR_WRITE : real(f)->pMethods->xWrite(real(f), from, size, at);
      };
      m.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
        return fails() ? SQLITE_IOERR_TRUNCATE : real(f)->pMethods->xTruncate(real(f), size);
      };
      m.xSync = [](sqlite3_file* f, int flags) {
        return fails() ? SQLITE_IOERR_FSYNC : real(f)->pMethods->xSync(real(f), flags);
      };
      m.xFileSize = [](sqlite3_file* f, sqlite3_int64* out) { return real(f)->pMethods->xFileSize(real(f), out); };
      m.xLock = [](sqlite3_file* f, int level) { return real(f)->pMethods->xLock(real(f), level); };
      m.xUnlock = [](sqlite3_file* f, int level) { return real(f)->pMethods->xUnlock(real(f), level); };
      m.xCheckReservedLock = [](sqlite3_file* f, int* out) {
        return real(f)->pMethods->xCheckReservedLock(real(f), out);
      };
      m.xFileControl = [](sqlite3_file* f, int what, void* data) {
        return real(f)->pMethods->xFileControl(real(f), what, data);
      };
      m.xSectorSize = [](sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); };
      m.xDeviceCharacteristics = [](sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); };
      return m;
    }();
    return table;
  }

  sqlite3_vfs vfs_{};
};

}  // namespace mobiedit
