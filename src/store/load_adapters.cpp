#include "store/load_adapters.h"

#include <utility>

#include "base/try.h"
#include "mobiedit/store/adapter.h"

namespace mobiedit {

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
