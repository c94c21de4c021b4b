// Factors of products with 16 bits, the upper half of a float: its range, and 8 significant bits. Two neighbours share a word, because processors
// that multiply them add two products at once. What differs little is what may be rounded so: docs/decisions/bfloat16.md.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace apical {

// Factors k and k + 1, the earlier one in the lower half.
using Bfloat16Pair = std::uint32_t;

// What factors of this type are summed in.
template <class Factor>
using Summed = std::conditional_t<std::is_same_v<Factor, Bfloat16Pair>, float, Factor>;

// Words for n factors in pairs.
constexpr std::size_t pairs(std::size_t n) { return (n + 1) / 2; }

// To the nearest, ties to even; what is not a number stays so.
constexpr std::uint32_t bfloat16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  if (x != x) return bits >> 16 | 0x40;
  return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
}
constexpr Bfloat16Pair bfloat16_pair(float earlier, float later) {
  return bfloat16(earlier) | bfloat16(later) << 16;
}
constexpr float earlier(Bfloat16Pair pair) { return std::bit_cast<float>(pair << 16); }
constexpr float later(Bfloat16Pair pair) { return std::bit_cast<float>(pair & 0xFFFF0000u); }

// Rows of floats to be rounded.
struct Rounding {
  const float* from;
  std::size_t stride;
  std::size_t rows, n;
  Bfloat16Pair* to;
  std::size_t to_stride;
};

}  // namespace apical
