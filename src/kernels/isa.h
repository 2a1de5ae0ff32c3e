// Instruction sets of this processor. A model asks once, when it is loaded.
#pragma once

#include <string_view>

namespace mobiedit::kernels {

/// In order of preference, worst first.
enum class Isa { portable, avx2, avx_vnni, avx512_vnni, neon_dotprod, neon_i8mm };

[[nodiscard]] bool available(Isa isa);
[[nodiscard]] Isa best_isa();
[[nodiscard]] std::string_view name(Isa isa);

}  // namespace mobiedit::kernels
