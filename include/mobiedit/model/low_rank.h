// A low-rank change of one weight, applied beside it while the model runs; the weight itself stays as it is.
#pragma once

#include <string>
#include <vector>

namespace mobiedit {

/// For the product y = W x of the tensor: y += scale * b (a x).
struct LowRankDelta {
  std::string tensor;  ///< the tensor's name in GGUF: "blk.5.ffn_down.weight"
  int rank = 0;
  std::vector<float> a;  ///< [rank, in], row by row
  std::vector<float> b;  ///< [out, rank], row by row
  float scale = 1;
};

}  // namespace mobiedit
