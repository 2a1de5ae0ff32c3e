#include "gguf/groups.h"

#include <cassert>

#include "gguf/blocks.h"

namespace mobiedit::gguf {
namespace {

// A block of 32: the first half of the codes lies in the low nibbles of 16 bytes, the second in the high ones.
void read_nibbles(const std::byte* from, std::int8_t* codes) {
  for (int i = 0; i < 16; ++i) {
    codes[i] = static_cast<std::int8_t>(std::to_integer<int>(from[i]) & 15);
    codes[i + 16] = static_cast<std::int8_t>(std::to_integer<int>(from[i]) >> 4);
  }
}

// A block of 256: four runs of 32 bytes hold eight groups, one in the low nibbles, the next in the high ones.
void read_run(const std::byte* runs, std::size_t group, std::int8_t* codes) {
  const std::byte* run = runs + group / 2 * 32;
  const int shift = static_cast<int>(group % 2 * 4);
  for (int i = 0; i < 32; ++i) codes[i] = static_cast<std::int8_t>((std::to_integer<int>(run[i]) >> shift) & 15);
}

void add_fifth_bits(std::uint32_t bits, std::int8_t* codes) {
  for (int i = 0; i < 32; ++i) codes[i] = static_cast<std::int8_t>(codes[i] | static_cast<int>((bits >> i) & 1u) << 4);
}

void subtract(int middle, std::int8_t* codes) {
  for (int i = 0; i < 32; ++i) codes[i] = static_cast<std::int8_t>(codes[i] - middle);
}

}  // namespace

GroupForm group_form(TensorType type) {
  switch (type) {
    case TensorType::q4_0:
      return {4, false};
    case TensorType::q4_1:
    case TensorType::q4_k:
      return {4, true};
    case TensorType::q5_0:
      return {5, false};
    case TensorType::q5_1:
    case TensorType::q5_k:
      return {5, true};
    case TensorType::q8_0:
      return {8, false};
    default:
      return {};
  }
}

Group read_group(TensorType type, const std::byte* block, std::size_t index) {
  assert(group_form(type).bits != 0);
  Group group;
  group.scale = load_half(block);
  group.offset = 0;
  switch (type) {
    case TensorType::q4_0:
      read_nibbles(block + 2, group.codes);
      subtract(8, group.codes);
      break;
    case TensorType::q4_1:
      group.offset = load_half(block + 2);
      read_nibbles(block + 4, group.codes);
      break;
    case TensorType::q5_0:
      read_nibbles(block + 6, group.codes);
      add_fifth_bits(load<std::uint32_t>(block + 2), group.codes);
      subtract(16, group.codes);
      break;
    case TensorType::q5_1:
      group.offset = load_half(block + 2);
      read_nibbles(block + 8, group.codes);
      add_fifth_bits(load<std::uint32_t>(block + 4), group.codes);
      break;
    case TensorType::q4_k:
    case TensorType::q5_k: {
      const GroupScale packed = group_scale(block + 4, index);
      group.scale *= static_cast<float>(packed.scale);
      group.offset = -(load_half(block + 2) * static_cast<float>(packed.minimum));
      const bool five = type == TensorType::q5_k;
      read_run(block + (five ? 48 : 16), index, group.codes);
      if (!five) break;
      for (std::size_t i = 0; i < 32; ++i) {  // bit `index` of byte i belongs to value i of that group
        const int fifth = (std::to_integer<int>(block[16 + i]) >> index) & 1;
        group.codes[i] = static_cast<std::int8_t>(group.codes[i] | fifth << 4);
      }
      break;
    }
    default:
      std::memcpy(group.codes, block + 2, 32);  // Q8_0
  }
  return group;
}

}  // namespace mobiedit::gguf
