#include "app/common/console_observer.h"

#include <fmt/format.h>

#include "app/common/console.h"
#include "app/common/interrupt.h"

namespace mobiedit::cli {

void ConsoleObserver::searching(std::size_t request, std::size_t requests, const std::string& subject,
                                const EditProgress& progress) {
  progress_.show(requests == 1 ? subject : fmt::format("{}/{} {}", request + 1, requests, subject), progress);
}

void ConsoleObserver::trying_layer(int layer, int number, int candidates) {
  note(fmt::format("{}: trying layer {}, {} of {}, this once; --layer N chooses without", model_, layer, number,
                   candidates));
}

void ConsoleObserver::note(std::string_view text) {
  progress_.clear();
  say(text);
}

void ConsoleObserver::detail(std::string_view text) {
  if (verbose_) note(text);
}

void ConsoleObserver::warn(std::string_view text) {
  progress_.clear();
  cli::warn(text);
}

std::shared_ptr<void> ConsoleObserver::temporary_file(const std::filesystem::path& path) {
  return std::make_shared<RemoveOnInterrupt>(path);
}

}  // namespace mobiedit::cli
