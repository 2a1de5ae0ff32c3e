#include "mobiedit/store/change.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace mobiedit {
namespace {

Result<StoreChange> changed_by(Store& store, std::span<const std::int64_t> named,
                               const std::function<Status(std::span<const std::int64_t>)>& change) {
  std::vector<std::int64_t> ids(named.begin(), named.end());
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  auto before = store.list();
  if (!before) return std::unexpected(before.error());
  if (auto done = change(ids); !done) return std::unexpected(done.error());
  auto after = store.list();
  if (!after) return std::unexpected(after.error());

  StoreChange report;
  for (EditInfo& edit : *after) {
    const auto old = std::ranges::lower_bound(*before, edit.id, {}, &EditInfo::id);
    if (!std::ranges::binary_search(ids, edit.id) && old->in_force() != edit.in_force())
      report.others.push_back(std::move(edit));
  }
  for (EditInfo& edit : *before)
    if (std::ranges::binary_search(ids, edit.id)) report.changed.push_back(std::move(edit));
  return report;
}

}  // namespace

Result<StoreChange> undo_edits(Store& store, std::span<const std::int64_t> ids) {
  return changed_by(store, ids, [&](std::span<const std::int64_t> each) { return store.remove(each); });
}

Result<StoreChange> enable_edits(Store& store, std::span<const std::int64_t> ids, bool enabled) {
  return changed_by(store, ids, [&](std::span<const std::int64_t> each) { return store.set_enabled(each, enabled); });
}

}  // namespace mobiedit
