// libFuzzer entry for adapters: fuzz/run adapter
#include "memory_file.h"
#include "mobiedit/store/adapter.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mobiedit;
  const fuzz::MemoryFile file(data, size);
  const auto adapter = read_adapter(file.path());
  fuzz::must_explain(adapter);
  if (!adapter) return 0;
  for (const LowRankDelta& delta : adapter->deltas) {
    const auto rank = static_cast<std::size_t>(delta.rank);
    if (delta.rank <= 0 || delta.a.size() % rank != 0 || delta.b.size() % rank != 0) std::abort();
  }
  return 0;
}
