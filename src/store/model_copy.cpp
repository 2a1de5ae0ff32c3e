#include "store/model_copy.h"

#include <memory>

namespace mobiedit {

void copy_keys(gguf::Writer& writer, const gguf::File& base) {
  for (const gguf::Entry& entry : base.metadata()) writer.set(entry);
}

void copy_tensors(gguf::Writer& writer, const gguf::File& base, const std::map<std::string, NewTensor>& anew) {
  using Bytes = Result<std::span<const std::byte>>;
  const auto copied = std::make_shared<const gguf::TensorInfo*>(nullptr);
  for (const gguf::TensorInfo& tensor : base.tensors()) {
    const auto shape = std::vector<std::uint64_t>(tensor.shape.begin(), tensor.shape.begin() + tensor.dimensions);
    const auto found = anew.find(tensor.name);
    if (found != anew.end()) {
      writer.add_tensor(tensor.name, found->second.type, shape,
                        [&bytes = found->second.bytes]() -> Bytes { return std::span<const std::byte>(bytes); });
      continue;
    }
    writer.add_tensor(tensor.name, tensor.type, shape, [&base, &tensor, copied]() -> Bytes {
      if (*copied != nullptr) base.release_pages(**copied);
      *copied = &tensor;
      return base.data(tensor);
    });
  }
}

}  // namespace mobiedit
