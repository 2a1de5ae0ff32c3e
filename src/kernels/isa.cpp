#include "kernels/isa.h"

#if defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace mobiedit::kernels {

bool available(Isa isa) {
  if (isa == Isa::portable) return true;
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  if (isa == Isa::avx2) return avx2;
  if (isa == Isa::avx_vnni) return avx2 && __builtin_cpu_supports("avxvnni");
  if (isa == Isa::avx512_vnni) {
    return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni");
  }
#elif defined(__aarch64__) && defined(__linux__)
  const bool dotprod = (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
  if (isa == Isa::neon_dotprod) return dotprod;
  if (isa == Isa::neon_i8mm) return dotprod && (getauxval(AT_HWCAP2) & HWCAP2_I8MM) != 0;
#endif
  return false;
}

Isa best_isa() {
  for (const Isa isa : {Isa::neon_i8mm, Isa::neon_dotprod, Isa::avx512_vnni, Isa::avx_vnni, Isa::avx2}) {
    if (available(isa)) return isa;
  }
  return Isa::portable;
}

std::string_view name(Isa isa) {
  switch (isa) {
    case Isa::portable:
      return "portable";
    case Isa::avx2:
      return "avx2";
    case Isa::avx_vnni:
      return "avx-vnni";
    case Isa::avx512_vnni:
      return "avx512-vnni";
    case Isa::neon_dotprod:
      return "neon-dotprod";
    case Isa::neon_i8mm:
      return "neon-i8mm";
  }
  return "unknown";
}

}  // namespace mobiedit::kernels
