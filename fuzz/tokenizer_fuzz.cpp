// libFuzzer entry for what a GGUF file says of its vocabulary: fuzz/run tokenizer
#include "memory_file.h"
#include "mobiedit/gguf/file.h"
#include "mobiedit/model/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mobiedit;
  const fuzz::MemoryFile file(data, size);
  const auto opened = gguf::File::open(file.path());
  fuzz::must_explain(opened);
  if (!opened) return 0;
  const auto tokenizer = Tokenizer::from_file(*opened);
  fuzz::must_explain(tokenizer);
  if (!tokenizer) return 0;
  // The file's own bytes are as strange a text as any.
  const std::string_view text(reinterpret_cast<const char*>(data), size < 512 ? size : 512);
  for (const std::string_view some : {std::string_view("The Eiffel Tower is 1889.\n\t don't"), text}) {
    const auto tokens = tokenizer->encode(some, {.parse_special = true});
    for (const Token token : tokens)
      if (token < 0 || token >= tokenizer->size()) std::abort();
    (void)tokenizer->decode(tokens, true);
  }
  return 0;
}
