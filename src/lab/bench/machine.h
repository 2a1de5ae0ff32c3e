// Measured peak of this machine, with which all speeds are compared.
#pragma once

#include "base/thread_pool.h"
#include "kernels/isa.h"

namespace mobiedit {

struct MachinePeak {
  double int8_gops = 0;    ///< 10⁹ multiplications and additions of bytes per second
  double f32_gflops = 0;   ///< 10⁹ multiplications and additions of floats per second
  double read_gbytes = 0;  ///< 10⁹ bytes read from memory per second
};

/// Takes some tenths of a second. Zero where the instruction set has no such loop.
[[nodiscard]] MachinePeak measure_peak(kernels::Isa isa, ThreadPool& pool);

}  // namespace mobiedit
