// The most that this processor can do, measured: loops of its best instructions on registers alone.
#pragma once

#include "kernels/isa.h"

namespace mobiedit::kernels {

/// Runs `rounds` rounds of the best integer multiply-add of bytes on the calling thread; returns the
/// multiply-accumulates that it did. Time it.
long peak_int8(Isa isa, long rounds);

/// The same in float.
long peak_f32(Isa isa, long rounds);

}  // namespace mobiedit::kernels
