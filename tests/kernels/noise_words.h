// The raw words of the noise: the source under test, included once for the tests alone.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "kernels/kernels.h"
#include "kernels/loops.h"

namespace apical::noise_words {

#define APICAL_REFERENCE
#include "kernels/elementary-inl.h"
#include "kernels/noise-inl.h"
#undef APICAL_REFERENCE

}  // namespace apical::noise_words

namespace apical {

inline std::array<std::uint32_t, 4> philox_words(std::array<std::uint32_t, 4> counter,
                                                 std::array<std::uint32_t, 2> key) {
  std::uint32_t words[4][noise_words::kNoiseQuads];
  noise_words::philox_quads({key[0], key[1]}, counter[0], counter[1], counter[2], counter[3], words);
  return {words[0][0], words[1][0], words[2][0], words[3][0]};
}

inline std::array<std::uint32_t, 2> hashed_key(std::uint64_t seed, std::uint32_t stream) {
  const noise_words::PhiloxKey key = noise_words::noise_key(seed, stream);
  return {key.k0, key.k1};
}

}  // namespace apical
