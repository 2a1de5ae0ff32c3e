#include "edit/active_edits.h"

#include <utility>

#include "backend/cpu/contents.h"

namespace mobiedit {

Result<ActiveDeltas> ActiveEdits::resolved(std::span<const LowRankDelta> deltas) const {
  auto active = ActiveDeltas::resolve(model_.config(), deltas);
  if (active) active->merge(model_.contents().isa, pool_);
  return active;
}

Status ActiveEdits::replace(std::vector<LowRankDelta> deltas) {
  auto active = resolved(deltas);
  if (!active) return std::unexpected(active.error());
  deltas_ = std::move(deltas);  // the deltas themselves stay where they are
  active_ = std::move(*active);
  stale_ = false;
  return {};
}

Status ActiveEdits::admit(const LowRankDelta& delta) {
  if (const auto fits = ActiveDeltas::resolve(model_.config(), {&delta, 1}); !fits)
    return std::unexpected(fits.error());
  if (deltas_.size() < deltas_.capacity()) return {};
  stale_ = true;  // reallocation moves what active_ borrows
  deltas_.reserve(2 * deltas_.size() + 1);
  return {};
}

void ActiveEdits::add(LowRankDelta delta) noexcept {
  stale_ = true;
  deltas_.push_back(std::move(delta));
}

Status ActiveEdits::refresh() {
  if (!stale_) return {};
  auto active = resolved(deltas_);
  if (!active) return std::unexpected(active.error());
  active_ = std::move(*active);
  stale_ = false;
  return {};
}

}  // namespace mobiedit
