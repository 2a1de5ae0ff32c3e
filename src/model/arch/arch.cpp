#include "model/arch/arch.h"

#include <algorithm>
#include <array>

namespace mobiedit {

ReadFamily read_gemma2, read_gemma3, read_gpt_oss, read_granite, read_llama, read_olmo2, read_phi3, read_qwen2,
    read_qwen3, read_qwen3moe, read_smollm3;

namespace {

constexpr std::array table{
    Arch{"gemma2", read_gemma2, true},      Arch{"gemma3", read_gemma3, true},   Arch{"gpt-oss", read_gpt_oss, false},
    Arch{"granite", read_granite, true},    Arch{"llama", read_llama, true},     Arch{"olmo2", read_olmo2, true},
    Arch{"phi3", read_phi3, true},          Arch{"qwen2", read_qwen2, true},     Arch{"qwen3", read_qwen3, true},
    Arch{"qwen3moe", read_qwen3moe, false}, Arch{"smollm3", read_smollm3, true},
};

}  // namespace

std::span<const Arch> architectures() {
  return table;
}

const Arch* find_architecture(std::string_view name) {
  const auto row = std::ranges::find(table, name, &Arch::name);
  return row == table.end() ? nullptr : &*row;
}

}  // namespace mobiedit
