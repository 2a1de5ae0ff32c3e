// libFuzzer entry for edit sets: fuzz/run dataset
#include "memory_file.h"
#include "mobiedit/eval/dataset.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mobiedit;
  const fuzz::MemoryFile file(data, size);
  const auto facts = read_facts(file.path());
  fuzz::must_explain(facts);
  if (facts && facts->empty()) std::abort();
  return 0;
}
