// The most that this machine does, measured: what every other speed is compared with.
#pragma once

#include "base/thread_pool.h"
#include "kernels/isa.h"

namespace mobiedit {

struct MachinePeak {
  double int8_gops = 0;    ///< 10⁹ multiplications and additions of bytes a second
  double f32_gflops = 0;   ///< the same in float
  double read_gbytes = 0;  ///< 10⁹ bytes read from memory a second
};

/// Some tenths of a second. Zeros where there is no such loop for the instruction set.
[[nodiscard]] MachinePeak measure_peak(kernels::Isa isa, ThreadPool& pool);

}  // namespace mobiedit
