#include "kernels/isa.h"

namespace mobiedit::kernels {

bool available(Isa isa) {
  switch (isa) {
    case Isa::portable:
      return true;
    case Isa::avx2:
#if defined(__x86_64__)
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
#else
      return false;
#endif
    case Isa::avx512_vnni:
    case Isa::neon_dotprod:
      return false;
  }
  return false;
}

Isa best_isa() {
  for (const Isa isa : {Isa::neon_dotprod, Isa::avx512_vnni, Isa::avx2}) {
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
    case Isa::avx512_vnni:
      return "avx512-vnni";
    case Isa::neon_dotprod:
      return "neon-dotprod";
  }
  return "unknown";
}

}  // namespace mobiedit::kernels
