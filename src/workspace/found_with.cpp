#include "workspace/found_with.h"

#include <algorithm>
#include <ranges>

namespace mobiedit {

std::vector<FoundWith> found_with(const Edit& edit, std::span<const EditInfo> edits) {
  std::vector<FoundWith> list;
  for (const ServedFact& fact : edit.found_with) {
    const auto newest = std::ranges::find_if(edits | std::views::reverse, [&](const EditInfo& other) {
      return same_subject({other.subject, other.prompt, other.target_new, {}, {}}, edit.request) &&
             other.prompt == fact.prompt && other.target_new == fact.target_new;
    });
    list.push_back({fact, newest == edits.rend() ? 0 : newest->id});
  }
  return list;
}

}  // namespace mobiedit
