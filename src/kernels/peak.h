// Peak throughput of this processor: loops of its best multiply-add instructions on registers alone.
#pragma once

#include "kernels/isa.h"

namespace mobiedit::kernels {

/// Runs `rounds` rounds of the best integer multiply-add of bytes on the calling thread; returns the
/// multiply-accumulates done. The caller measures the time.
long peak_int8(Isa isa, long rounds);

/// Runs float multiply-adds in place of the integer ones.
long peak_f32(Isa isa, long rounds);

}  // namespace mobiedit::kernels
