#include "kernels/simd/bfloat16_unit.h"

#include <cstddef>
#include <cstdint>

#include "kernels/loops.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/bfloat16_unit.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#if HWY_TARGET == HWY_AVX3

// AVX-512 and one instruction set more: the products once again, with another step.
HWY_PUSH_ATTRIBUTES(HWY_TARGET_STR ",avx512bf16")
namespace apical {
namespace N_AVX3_BF16 {
namespace hn = hwy::N_AVX3;

#define APICAL_BFLOAT16_UNIT
#include "kernels/simd/multiply-add-inl.h"
#include "kernels/simd/prefetch-inl.h"
#include "kernels/simd/products-inl.h"
#undef APICAL_BFLOAT16_UNIT

// 32 numbers, as they follow each other in memory: those of `low` first.
HWY_INLINE __m512i rounded(const float* low, const float* high) {
  return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(_mm512_loadu_ps(high), _mm512_loadu_ps(low)));
}

inline void round_along(const Rounding& r) {
  for (std::size_t row = 0; row < r.rows; ++row) {
    const float* from = r.from + row * r.stride;
    Bfloat16Pair* to = r.to + row * r.to_stride;
    std::size_t k = 0;
    for (; k + 32 <= r.n; k += 32) _mm512_storeu_si512(to + k / 2, rounded(from + k, from + k + 16));
    if (k + 16 <= r.n) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + k / 2),
                          reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(_mm512_loadu_ps(from + k))));
      k += 16;
    }
    for (; k < r.n; k += 2) to[k / 2] = bfloat16_pair(from[k], k + 1 < r.n ? from[k + 1] : 0.0f);
  }
}

inline void round_across(const Rounding& r) {
  // word j: the lower half is number j of the first row, the upper half that of the second
  alignas(64) static constexpr std::uint16_t kInterleave[32] = {0,  16, 1,  17, 2,  18, 3,  19, 4,  20, 5,
                                                                21, 6,  22, 7,  23, 8,  24, 9,  25, 10, 26,
                                                                11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const __m512i interleave = _mm512_load_si512(kInterleave);
  alignas(64) static constexpr float kZero[16] = {};
  for (std::size_t row = 0; row < r.rows; row += 2) {
    const bool alone = row + 1 == r.rows;
    const float* first = r.from + row * r.stride;
    const float* second = first + r.stride;
    Bfloat16Pair* to = r.to + row / 2 * r.to_stride;
    std::size_t k = 0;
    for (; k + 16 <= r.n; k += 16) {
      const __m512i both = rounded(first + k, alone ? kZero : second + k);
      _mm512_storeu_si512(to + k, _mm512_permutexvar_epi16(interleave, both));
    }
    for (; k < r.n; ++k) to[k] = bfloat16_pair(first[k], alone ? 0.0f : second[k]);
  }
}

constexpr PairKernels kTable{.unit = "AVX512_BF16",
                             .product = &product<Bfloat16Pair>,
                             .outer_product = &outer_product<Bfloat16Pair>,
                             .round_along = &round_along,
                             .round_across = &round_across,
                             .peak = &peak<Bfloat16Pair>};

}  // namespace N_AVX3_BF16
}  // namespace apical
HWY_POP_ATTRIBUTES

#endif

#if HWY_ONCE
namespace apical {

const PairKernels* bfloat16_unit() {
#if (HWY_TARGETS) & HWY_AVX3
  if ((hwy::SupportedTargets() & HWY_AVX3) != 0 && __builtin_cpu_supports("avx512bf16"))
    return &N_AVX3_BF16::kTable;
#endif
  return nullptr;
}

}  // namespace apical
#endif
