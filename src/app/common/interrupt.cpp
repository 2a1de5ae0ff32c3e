#include "app/common/interrupt.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstring>
#include <deque>
#include <string_view>

#include "app/common/exit_code.h"

namespace mobiedit::cli {
namespace {

// A signal handler can reach nothing but globals; these are written before the handler is installed, or are atomic.
const char* messages_begin_with = "";
std::atomic<CancelToken*> token{nullptr};
std::atomic<int> caught{0};
struct DoomedFile {
  std::array<char, 4096> path{};
  std::atomic<bool> armed{false};
};
std::array<DoomedFile, 8> doomed;

void remove_doomed() {
  for (const DoomedFile& file : doomed) {
    if (file.armed.load()) ::unlink(file.path.data());
  }
}

extern "C" void on_lost_page(int) {
  constexpr std::string_view text =
      ": error: a file was cut off or became unreadable while it was in use; nothing was written\n";
  for (const std::string_view part : {std::string_view(messages_begin_with), text})
    if (::write(STDERR_FILENO, part.data(), part.size()) < 0) break;  // nothing is left to do
  remove_doomed();
  ::_exit(exit_io);
}

extern "C" void on_signal(int signal) {
  if (caught.exchange(signal) == 0) {
    token.load()->request();
    return;
  }
  remove_doomed();
  ::_exit(128 + signal);
}

}  // namespace

void catch_lost_files(const char* program_name) {
  messages_begin_with = program_name;
  struct sigaction action{};
  action.sa_handler = on_lost_page;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGBUS, &action, nullptr);
  action.sa_handler = SIG_IGN;
  ::sigaction(SIGXFSZ, &action, nullptr);
}

CancelToken catch_interrupts() {
  // Earlier tokens stay alive: the signal handler may be using one.
  static std::deque<CancelToken> tokens;
  token.store(&tokens.emplace_back());
  caught.store(0);
  struct sigaction action{};
  action.sa_handler = on_signal;
  ::sigemptyset(&action.sa_mask);
  // Without SA_RESTART a write that is interrupted would look like a full disk.
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  return tokens.back();
}

void release_interrupts() {
  struct sigaction action{};
  action.sa_handler = SIG_DFL;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
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
