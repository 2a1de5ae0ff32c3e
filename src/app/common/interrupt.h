// Signals. The first Ctrl+C asks the work to stop and roll back; the second one ends the process at once.
#pragma once

#include <filesystem>

#include "mobiedit/base/cancel.h"

namespace mobiedit::cli {

/// Turns two signals that would kill the process into errors. SIGBUS, after another process cut off a mapped file:
/// reports it as `program_name`, removes half-written files and exits with exit_io. SIGXFSZ, beyond the limit on file
/// sizes: the write fails instead. Call once, first; `program_name` stays valid as long as the process.
void catch_lost_files(const char* program_name);

/// Takes over SIGINT and SIGTERM. Returns the token that the work watches; called again, a fresh one.
[[nodiscard]] CancelToken catch_interrupts();
/// Lets SIGINT and SIGTERM end the process again, while nothing needs to be undone.
void release_interrupts();

/// Returns 143 after SIGTERM, else 130.
[[nodiscard]] int interrupted_exit_code();

/// While it lives, ending at once also removes this file. For the main thread; at most 8 files, further ones stay.
class RemoveOnInterrupt {
 public:
  explicit RemoveOnInterrupt(const std::filesystem::path& path);
  ~RemoveOnInterrupt();
  RemoveOnInterrupt(const RemoveOnInterrupt&) = delete;
  RemoveOnInterrupt& operator=(const RemoveOnInterrupt&) = delete;

 private:
  int slot_ = -1;
};

}  // namespace mobiedit::cli
