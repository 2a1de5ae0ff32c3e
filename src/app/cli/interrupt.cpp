#include "app/cli/interrupt.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstring>

namespace mobiedit::cli {
namespace {

// A signal handler can reach nothing but globals; these are written before the handler is installed, or are atomic.
CancelToken* token = nullptr;
std::atomic<int> caught{0};
struct DoomedFile {
  std::array<char, 4096> path{};
  std::atomic<bool> armed{false};
};
std::array<DoomedFile, 8> doomed;

extern "C" void on_signal(int signal) {
  if (caught.exchange(signal) == 0) {
    token->request();
    return;
  }
  for (const DoomedFile& file : doomed) {
    if (file.armed.load()) ::unlink(file.path.data());
  }
  ::_exit(128 + signal);
}

}  // namespace

CancelToken catch_interrupts() {
  static CancelToken shared;
  token = &shared;
  struct sigaction action{};
  action.sa_handler = on_signal;
  ::sigemptyset(&action.sa_mask);
  // Without SA_RESTART a write that is interrupted would look like a full disk.
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  return shared;
}

int interrupted_exit_code() {
  const int signal = caught.load();
  return 128 + (signal != 0 ? signal : SIGINT);
}

RemoveOnInterrupt::RemoveOnInterrupt(const std::filesystem::path& path) {
  const std::string& name = path.native();
  for (std::size_t i = 0; i < doomed.size() && slot_ < 0; ++i) {
    if (doomed[i].armed.load() || name.size() >= doomed[i].path.size()) continue;
    std::memcpy(doomed[i].path.data(), name.c_str(), name.size() + 1);
    doomed[i].armed.store(true);
    slot_ = static_cast<int>(i);
  }
}

RemoveOnInterrupt::~RemoveOnInterrupt() {
  if (slot_ >= 0) doomed[static_cast<std::size_t>(slot_)].armed.store(false);
}

}  // namespace mobiedit::cli
