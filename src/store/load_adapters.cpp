#include "store/load_adapters.h"

#include <charconv>
#include <cmath>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/try.h"
#include "mobiedit/store/adapter.h"

namespace mobiedit {

Result<AdapterFile> adapter_file(const std::string& text, bool scale_required) {
  std::error_code ignored;
  const auto colon = text.rfind(':');
  // The name of a file may contain a colon.
  if (!scale_required && (colon == std::string::npos || std::filesystem::exists(text, ignored)))
    return AdapterFile{text};
  if (colon != std::string::npos) {
    AdapterFile option{text.substr(0, colon)};
    const char* begin = text.data() + colon + 1;
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(begin, end, option.scale);
    if (error == std::errc() && stopped == end && begin != end && std::isfinite(option.scale)) return option;
    if (!scale_required) return AdapterFile{text};
  }
  return fail(ErrorCode::usage, "\"" + text + "\" is not FILE:SCALE");
}

Result<std::vector<LowRankDelta>> load_adapters(const Model& model, std::span<const AdapterFile> files,
                                                const std::function<void(std::string_view)>& warn) {
  std::vector<LowRankDelta> deltas;
  for (const AdapterFile& file : files) {
    MOBIEDIT_TRY(auto adapter, read_adapter(file.path));
    MOBIEDIT_CHECK(check_adapter(adapter, model.file(), file.path));
    const std::string& base = adapter.provenance.base_fingerprint;
    if (!base.empty() && base != model.fingerprint())
      warn(file.path + " was made for another file of this shape; its edits may not hold here");
    for (LowRankDelta& delta : adapter.deltas) {
      delta.scale *= file.scale;
      deltas.push_back(std::move(delta));
    }
  }
  return deltas;
}

}  // namespace mobiedit
