#include "workspace/gauge/loops.h"

#include <cstddef>

namespace mobiedit {
namespace {

constexpr std::size_t fewest_repeats = 3;
constexpr std::size_t shortest_loop = 8;  // tokens: three equal words in a row are no loop yet

}  // namespace

bool ends_in_a_loop(std::span<const Token> answer) {
  const std::size_t size = answer.size();
  for (std::size_t n = 1; fewest_repeats * n <= size; ++n) {
    std::size_t same = 0;  // tokens at the end that equal the one n before them
    while (same + n < size && answer[size - 1 - same] == answer[size - 1 - same - n]) ++same;
    if (same >= (fewest_repeats - 1) * n && same + n >= shortest_loop) return true;
  }
  return false;
}

}  // namespace mobiedit
