// One row of a weight, changed within its own type.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <span>

#include "gguf/codec/codec.h"
#include "mobiedit/base/result.h"

namespace mobiedit {

struct RowChange {
  std::uint64_t changed = 0;  ///< values that differ from those before
  Eigen::VectorXf residual;   ///< [f]: the row as it became, minus the row as it was wanted
};

/// Adds `change` [f] to the row in `bytes`, as far as its type holds it: the residual r makes rᵀ H r small, H [f, f]
/// symmetric with its lower half read. Errors: usage (a value beyond a float type's range); `bytes` is undefined then.
[[nodiscard]] Result<RowChange> change_row(const gguf::Codec& codec, const Eigen::MatrixXf& h,
                                           std::span<const float> change, std::span<std::byte> bytes);

}  // namespace mobiedit
