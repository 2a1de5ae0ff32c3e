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
std::array<char, 4096> doomed{};
std::atomic<bool> has_doomed{false};

extern "C" void on_signal(int signal) {
  if (caught.exchange(signal) == 0) {
    token->request();
    return;
  }
  if (has_doomed.load()) ::unlink(doomed.data());
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
  if (name.size() >= doomed.size()) return;
  std::memcpy(doomed.data(), name.c_str(), name.size() + 1);
  has_doomed.store(true);
}

RemoveOnInterrupt::~RemoveOnInterrupt() {
  has_doomed.store(false);
}

}  // namespace mobiedit::cli
