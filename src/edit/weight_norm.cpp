#include "edit/weight_norm.h"

#include <cmath>
#include <string>
#include <vector>

#include "kernels/vector_ops.h"

namespace mobiedit {

double down_weight_norm(const gguf::File& file, int layer) {
  const gguf::TensorInfo* tensor = file.find_tensor("blk." + std::to_string(layer) + ".ffn_down.weight");
  std::vector<float> row(tensor->columns());
  const std::size_t stride = gguf::row_bytes(tensor->type, row.size());
  double square = 0;
  for (std::uint64_t r = 0; r < tensor->rows(); ++r) {
    gguf::dequantize(tensor->type, file.data(*tensor).subspan(r * stride, stride), row);
    square += double{kernels::dot(row, row)};
  }
  file.release_pages(*tensor);
  return std::sqrt(square);
}

}  // namespace mobiedit
