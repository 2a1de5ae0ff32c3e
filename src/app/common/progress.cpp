#include "app/common/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "app/common/console.h"

namespace mobiedit::cli {
namespace {

constexpr auto bar_interval = std::chrono::milliseconds(100);
constexpr auto line_interval = std::chrono::seconds(5);
constexpr int bar_width = 10;

int terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

double rate(const EditProgress& progress) {
  return progress.seconds > 0 ? progress.evaluations / progress.seconds : 0;
}

/// Seconds until the search has used all its evaluations. Most searches end long before.
double seconds_left(const EditProgress& progress) {
  const double per_second = rate(progress);
  return per_second > 0 ? (progress.max_evaluations - progress.evaluations) / per_second : 0;
}

std::string bar(const EditProgress& progress) {
  const int filled = progress.max_evaluations > 0 ? bar_width * progress.evaluations / progress.max_evaluations : 0;
  const auto full = static_cast<std::size_t>(std::clamp(filled, 0, bar_width));
  return "[" + std::string(full, '#') + std::string(bar_width - full, '.') + "]";
}

/// Cuts between characters, and replaces control characters by spaces.
std::string shortened(std::string_view text, std::size_t longest) {
  std::string shown;
  for (const char c : text) {
    if (shown.size() >= longest && (static_cast<unsigned char>(c) & 0xC0) != 0x80) break;
    shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  }
  return shown;
}

}  // namespace

ProgressLine::ProgressLine() : bar_(interactive()), last_(std::chrono::steady_clock::now()) {}

ProgressLine::~ProgressLine() {
  clear();
}

bool ProgressLine::due() {
  const auto now = std::chrono::steady_clock::now();
  const bool late = now - last_ >= (bar_ ? std::chrono::duration_cast<std::chrono::milliseconds>(bar_interval)
                                         : std::chrono::duration_cast<std::chrono::milliseconds>(line_interval));
  if (!late && (drawn_ || !bar_)) return false;
  last_ = now;
  return true;
}

void ProgressLine::draw(const std::string& text) {
  fmt::print(stderr, "\r\x1b[K{}", shortened(text, static_cast<std::size_t>(terminal_width() - 1)));
  std::fflush(stderr);
  drawn_ = true;
}

void ProgressLine::note(const std::string& text) {
  if (!due()) return;
  if (bar_)
    draw(text);
  else
    say(shortened(text, 100));
}

void ProgressLine::show(const std::string& label, const EditProgress& progress) {
  if (!due()) return;
  if (!bar_) {
    say(fmt::format(
        "{}: step {}, loss {:.3f}, target probability {:.3f}, {} of at most {} evaluations, {:.0f} a second, "
        "{:.0f} s left at most",
        shortened(label, 60), progress.step, progress.loss, progress.target_probability, progress.evaluations,
        progress.max_evaluations, rate(progress), seconds_left(progress)));
    return;
  }
  const std::string rest =
      fmt::format(" {} step {}  loss {:.3f}  P(target) {:.3f}  {:.0f} evals/s  < {:.0f} s", bar(progress),
                  progress.step, progress.loss, progress.target_probability, rate(progress), seconds_left(progress));
  // The label is shortened first: figures matter more.
  const int room = std::max(8, terminal_width() - 1 - static_cast<int>(rest.size()));
  const std::string text = shortened(label, static_cast<std::size_t>(room)) + rest;
  draw(text);
}

void ProgressLine::clear() {
  if (drawn_) fmt::print(stderr, "\r\x1b[K");
  drawn_ = false;
}

}  // namespace mobiedit::cli
