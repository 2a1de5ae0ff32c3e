// Ctrl+C: the first asks the work to stop and roll back, the second leaves at once.
#pragma once

#include <filesystem>

#include "mobiedit/base/cancel.h"

namespace mobiedit::cli {

/// What the system would kill the process for becomes an error: a mapped file that another process cut off (its pages
/// are gone, and nothing can be done but to say so, remove what is half-written, and leave with exit_io), and a file
/// beyond the limit on sizes (the write fails instead). Call once, first.
void catch_lost_files();

/// Takes over SIGINT and SIGTERM for the rest of the process; call once. The token is what the work looks at.
[[nodiscard]] CancelToken catch_interrupts();

/// 130 after SIGINT, 143 after SIGTERM; 130 where neither came.
[[nodiscard]] int interrupted_exit_code();

/// While it lives, leaving at once also removes this file. For the main thread; a few at a time, further ones are kept.
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
