// Written in assembly: a compiler would remove loops whose results nobody reads.
#include "kernels/peak.h"

namespace mobiedit::kernels {
namespace {

constexpr int repeats = 12;  // sums in flight, enough to hide the latency of each

}  // namespace

#if defined(__x86_64__)
#define MOBIEDIT_REPEAT_12(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define MOBIEDIT_CLOBBERED                                                                                            \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", \
      "xmm14", "xmm15"

long peak_int8(Isa isa, long rounds) {
  if (isa == Isa::avx512_vnni) {
    asm volatile("vpxor %%ymm12, %%ymm12, %%ymm12" ::: MOBIEDIT_CLOBBERED);
    for (long i = 0; i < rounds; ++i) {
#define MOBIEDIT_X(n) "vpdpbusd %%zmm12, %%zmm12, %%zmm" #n "\n\t"
      asm volatile(MOBIEDIT_REPEAT_12(MOBIEDIT_X)::: MOBIEDIT_CLOBBERED);
#undef MOBIEDIT_X
    }
    asm volatile("vzeroupper" ::: MOBIEDIT_CLOBBERED);
    return rounds * repeats * 64;
  }
  if (isa == Isa::avx_vnni) {
    asm volatile("vpxor %%ymm12, %%ymm12, %%ymm12" ::: MOBIEDIT_CLOBBERED);
    for (long i = 0; i < rounds; ++i) {
#define MOBIEDIT_X(n) "%{vex%} vpdpbusd %%ymm12, %%ymm12, %%ymm" #n "\n\t"
      asm volatile(MOBIEDIT_REPEAT_12(MOBIEDIT_X)::: MOBIEDIT_CLOBBERED);
#undef MOBIEDIT_X
    }
    asm volatile("vzeroupper" ::: MOBIEDIT_CLOBBERED);
    return rounds * repeats * 32;
  }
  if (isa == Isa::avx2) {
    asm volatile("vpxor %%ymm12, %%ymm12, %%ymm12" ::: MOBIEDIT_CLOBBERED);
    for (long i = 0; i < rounds; ++i) {
#define MOBIEDIT_X(n) "vpmaddwd %%ymm12, %%ymm12, %%ymm13\n\tvpaddd %%ymm13, %%ymm" #n ", %%ymm" #n "\n\t"
      asm volatile(MOBIEDIT_REPEAT_12(MOBIEDIT_X)::: MOBIEDIT_CLOBBERED);
#undef MOBIEDIT_X
    }
    asm volatile("vzeroupper" ::: MOBIEDIT_CLOBBERED);
    return rounds * repeats * 16;
  }
  return 0;
}

long peak_f32(Isa isa, long rounds) {
  if (isa == Isa::avx512_vnni) {
    asm volatile("vpxor %%ymm12, %%ymm12, %%ymm12" ::: MOBIEDIT_CLOBBERED);
    for (long i = 0; i < rounds; ++i) {
#define MOBIEDIT_X(n) "vfmadd231ps %%zmm12, %%zmm12, %%zmm" #n "\n\t"
      asm volatile(MOBIEDIT_REPEAT_12(MOBIEDIT_X)::: MOBIEDIT_CLOBBERED);
#undef MOBIEDIT_X
    }
    asm volatile("vzeroupper" ::: MOBIEDIT_CLOBBERED);
    return rounds * repeats * 16;
  }
  if (isa == Isa::avx2 || isa == Isa::avx_vnni) {
    asm volatile("vpxor %%ymm12, %%ymm12, %%ymm12" ::: MOBIEDIT_CLOBBERED);
    for (long i = 0; i < rounds; ++i) {
#define MOBIEDIT_X(n) "vfmadd231ps %%ymm12, %%ymm12, %%ymm" #n "\n\t"
      asm volatile(MOBIEDIT_REPEAT_12(MOBIEDIT_X)::: MOBIEDIT_CLOBBERED);
#undef MOBIEDIT_X
    }
    asm volatile("vzeroupper" ::: MOBIEDIT_CLOBBERED);
    return rounds * repeats * 8;
  }
  return 0;
}
#else
long peak_int8(Isa, long) {
  return 0;
}
long peak_f32(Isa, long) {
  return 0;
}
#endif

}  // namespace mobiedit::kernels
