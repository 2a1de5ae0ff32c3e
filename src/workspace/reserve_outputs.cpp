#include "workspace/reserve_outputs.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <system_error>

#include "base/try.h"

namespace mobiedit {
namespace {

// An adapter is small beside any model; this much must be free for one before the search begins.
constexpr std::uint64_t adapter_bytes_per_edit = std::uint64_t{1} << 17;

}  // namespace

Status reserve_outputs(const OutputPlaces& places, std::size_t edits, TeachOptions& options,
                       WorkspaceObserver& observer) {
  std::vector<std::filesystem::path> inputs{places.base};
  std::ranges::copy_if(places.inputs, std::back_inserter(inputs), [](const auto& path) { return !path.empty(); });
  if (!places.adapter.empty()) {
    MOBIEDIT_TRY(auto reserved, OutputFile::reserve(places.adapter, adapter_bytes_per_edit * edits, inputs, &observer));
    options.adapter.emplace(std::move(reserved));
    inputs.push_back(places.adapter);
  }
  if (!places.model.empty()) {
    std::error_code error;
    const auto bytes = std::filesystem::file_size(places.base, error);
    MOBIEDIT_TRY(auto reserved, OutputFile::reserve(places.model, error ? 0 : bytes, inputs, &observer));
    options.model.emplace(std::move(reserved));
  }
  return {};
}

}  // namespace mobiedit
