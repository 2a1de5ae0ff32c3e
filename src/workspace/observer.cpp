#include "mobiedit/workspace/observer.h"

namespace mobiedit {

void WorkspaceObserver::searching(std::size_t, std::size_t, const std::string&, const EditProgress&) {}
void WorkspaceObserver::trying_layer(int, int, int) {}
void WorkspaceObserver::note(std::string_view) {}
void WorkspaceObserver::detail(std::string_view) {}
void WorkspaceObserver::warn(std::string_view) {}
std::shared_ptr<void> WorkspaceObserver::temporary_file(const std::filesystem::path&) {
  return {};
}

}  // namespace mobiedit
