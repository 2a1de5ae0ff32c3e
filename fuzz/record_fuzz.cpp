// libFuzzer entry for the lines of a store's dump: fuzz/run record
#include <string_view>

#include "memory_file.h"
#include "store/dump_line.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mobiedit;
  const auto edit = from_line({reinterpret_cast<const char*>(data), size});
  fuzz::must_explain(edit);
  if (!edit) return 0;
  // Writing an accepted record and reading it back gives the record again.
  const auto again = from_line(to_line(*edit));
  if (!again || to_line(*again) != to_line(*edit)) std::abort();
  return 0;
}
