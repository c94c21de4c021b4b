// Products of factors rounded to bfloat16, against plain loops in double over factors that are rounded here, by another definition.
#include <gmock/gmock.h>

#include <bit>
#include <cstdint>

#include "kernels/kernel_test.h"

namespace apical {
namespace {

using testing::Contains;

class Bfloat16 : public EveryKernel {};
APICAL_ON_EVERY_KERNEL(Bfloat16);

// The nearest number of which the lower 16 bits are zero; of two as near, the one with an even last bit.
float nearest(float x) {
  if (!std::isfinite(x)) return x;
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const float below = std::bit_cast<float>(bits & 0xFFFF0000u);  // towards zero
  const auto next = (bits & 0xFFFF0000u) + 0x10000u;
  const double up = std::isfinite(std::bit_cast<float>(next))
                        ? double{std::bit_cast<float>(next)}
                        : std::copysign(0x1p128, double{x});  // where the next number would be
  const double down_error = std::fabs(double{x} - double{below}), up_error = std::fabs(up - double{x});
  if (down_error != up_error) return down_error < up_error ? below : std::bit_cast<float>(next);
  return (bits >> 16) % 2 == 0 ? below : std::bit_cast<float>(next);
}

// Numbers of every size that is not below the smallest normal one, ties among them.
std::vector<float> numbers(std::size_t count, std::uint32_t seed) {
  std::mt19937 generator(seed);
  std::vector<float> all;
  while (all.size() < count) {
    std::uint32_t bits = generator();
    // halfway, and next to it on either side
    constexpr std::uint32_t kLower[] = {0x8000, 0x7FFF, 0x8001};
    if (all.size() % 6 < 3) bits = (bits & 0xFFFF0000u) | kLower[all.size() % 6];
    if (const float x = std::bit_cast<float>(bits); std::isfinite(x) && std::fabs(x) >= 0x1p-126f)
      all.push_back(x);
  }
  return all;
}

bool same(float got, float want) {
  return std::bit_cast<std::uint32_t>(got) == std::bit_cast<std::uint32_t>(want);
}

TEST_P(Bfloat16, RowsAreRoundedToTheNearestInPairsAlongThem) {
  for (std::size_t n = 1; n <= 100; ++n) {
    constexpr std::size_t kRows = 3;
    const std::size_t stride = n + 5, to_stride = pairs(n) + 2;
    const std::vector<float> from = numbers(kRows * stride, static_cast<std::uint32_t>(n));
    std::vector<Bfloat16Pair> to(kRows * to_stride, 7u);
    pair_kernels().round_along({from.data(), stride, kRows, n, to.data(), to_stride});
    for (std::size_t row = 0; row < kRows; ++row) {
      for (std::size_t k = 0; k < 2 * pairs(n); ++k) {
        const Bfloat16Pair pair = to[row * to_stride + k / 2];
        const float want = k < n ? nearest(from[row * stride + k]) : 0.0f;
        ASSERT_TRUE(same(k % 2 == 0 ? earlier(pair) : later(pair), want)) << n << " numbers, number " << k;
      }
      ASSERT_EQ(to[row * to_stride + pairs(n)], 7u) << "wrote beyond the row of " << n;
    }
  }
}

TEST_P(Bfloat16, RowsAreRoundedToTheNearestInPairsAcrossThem) {
  for (std::size_t rows = 1; rows <= 5; ++rows) {
    for (std::size_t n = 1; n <= 70; ++n) {
      const std::size_t stride = n + 3, to_stride = n + 1;
      const std::vector<float> from = numbers(rows * stride, static_cast<std::uint32_t>(100 * rows + n));
      std::vector<Bfloat16Pair> to(pairs(rows) * to_stride, 7u);
      pair_kernels().round_across({from.data(), stride, rows, n, to.data(), to_stride});
      for (std::size_t row = 0; row < 2 * pairs(rows); ++row) {
        for (std::size_t k = 0; k < n; ++k) {
          const Bfloat16Pair pair = to[row / 2 * to_stride + k];
          const float want = row < rows ? nearest(from[row * stride + k]) : 0.0f;
          ASSERT_TRUE(same(row % 2 == 0 ? earlier(pair) : later(pair), want)) << rows << " x " << n;
        }
        ASSERT_EQ(to[row / 2 * to_stride + n], 7u) << "wrote beyond the row of " << n;
      }
    }
  }
}

TEST_P(Bfloat16, WhatIsNotANumberStaysSo) {
  const float nan = std::bit_cast<float>(0x7F800001u), infinity = std::numeric_limits<float>::infinity();
  for (const std::size_t n : {2, 64}) {
    std::vector<float> from(n, nan);
    from.back() = -infinity;
    std::vector<Bfloat16Pair> along(pairs(n)), across(n);
    pair_kernels().round_along({from.data(), n, 1, n, along.data(), pairs(n)});
    pair_kernels().round_across({from.data(), n, 1, n, across.data(), n});
    for (std::size_t k = 0; k + 1 < n; ++k) {
      EXPECT_TRUE(std::isnan(k % 2 == 0 ? earlier(along[k / 2]) : later(along[k / 2])));
      EXPECT_TRUE(std::isnan(earlier(across[k])));
    }
    EXPECT_EQ(later(along.back()), -infinity);
    EXPECT_EQ(earlier(across.back()), -infinity);
  }
}

// Factors as floats, and the same as pairs: along k for a product's, across rows for its weights' panels.
struct Factors16 {
  Array<float> rounded;
  Array<Bfloat16Pair> words;
};
Factors16 along(const Array<float>& from, std::size_t rows, std::size_t n) {
  const std::size_t stride = row_stride<float>(n), words = row_stride<Bfloat16Pair>(pairs(n));
  Factors16 out{Array<float>(rows * stride), Array<Bfloat16Pair>(rows * words)};
  for (std::size_t i = 0; i < rows * stride; ++i) out.rounded[i] = nearest(from[i]);
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t k = 0; k < n; k += 2)
      out.words[row * words + k / 2] =
          bfloat16_pair(from[row * stride + k], k + 1 < n ? from[row * stride + k + 1] : 0);
  return out;
}
Factors16 across(const Array<float>& from, std::size_t rows, std::size_t n) {
  const std::size_t stride = row_stride<float>(n);
  Factors16 out{Array<float>(rows * stride), Array<Bfloat16Pair>(pairs(rows) * stride)};
  for (std::size_t i = 0; i < rows * stride; ++i) out.rounded[i] = nearest(from[i]);
  for (std::size_t row = 0; row < rows; row += 2)
    for (std::size_t k = 0; k < n; ++k)
      out.words[row / 2 * stride + k] =
          bfloat16_pair(from[row * stride + k], row + 1 < rows ? from[(row + 1) * stride + k] : 0);
  return out;
}
Factors16 panels(const Array<float>& from, std::size_t n_out, std::size_t n_in) {
  Factors16 out{Array<float>(from.size()), Array<Bfloat16Pair>(panel_size<Bfloat16Pair>(n_out, pairs(n_in)))};
  for (std::size_t i = 0; i < from.size(); ++i) out.rounded[i] = nearest(from[i]);
  for (std::size_t unit = 0; unit < n_out; ++unit)
    for (std::size_t k = 0; k < n_in; k += 2)
      out.words[panel_index<Bfloat16Pair>(n_out, pairs(n_in), unit, k / 2)] =
          bfloat16_pair(from[panel_index<float>(n_out, n_in, unit, k)],
                        k + 1 < n_in ? from[panel_index<float>(n_out, n_in, unit, k + 1)] : 0);
  return out;
}

TEST_P(Bfloat16, ProductEqualsPlainLoopsOverRoundedFactors) {
  std::mt19937 generator(1);
  for (const std::size_t rows : {1, 7, 14, 16, 17}) {
    for (const std::size_t n_out : {1, 10, 16, 17, 33, 64, 97}) {
      for (const std::size_t n_in : {1, 2, 7, 10, 37, 64}) {
        for (const Start start : {Start::zero, Start::bias, Start::keep}) {
          const Factors16 a = along(random_rows<float>(rows, n_in, generator), rows, n_in);
          const Factors16 w = panels(random_panels<float>(n_out, n_in, generator), n_out, n_in);
          const std::size_t lda = row_stride<float>(n_in), ldc = row_stride<float>(n_out);
          const Array<float> bias = random_rows<float>(1, n_out, generator);
          Array<float> c = random_rows<float>(rows, n_out, generator), before(rows * ldc);
          for (std::size_t i = 0; i < rows * ldc; ++i) before[i] = c[i];
          pair_kernels().product({a.words, row_stride<Bfloat16Pair>(pairs(n_in)), w.words, pairs(n_in), n_out,
                                  bias, c, ldc, rows, start});
          for (std::size_t row = 0; row < rows; ++row) {
            for (std::size_t unit = 0; unit < n_out; ++unit) {
              double want = start == Start::zero   ? 0
                            : start == Start::bias ? bias[unit]
                                                   : before[row * ldc + unit];
              double magnitudes = std::fabs(want);
              for (std::size_t k = 0; k < n_in; ++k) {
                const double term = double{a.rounded[row * lda + k]} *
                                    double{w.rounded[panel_index<float>(n_out, n_in, unit, k)]};
                want += term;
                magnitudes += std::fabs(term);
              }
              ASSERT_NEAR(c[row * ldc + unit], want, sum_bound<float>(2 * n_in, magnitudes))
                  << rows << " rows, " << n_out << " x " << n_in << ", row " << row << ", unit " << unit;
            }
          }
        }
      }
    }
  }
}

TEST_P(Bfloat16, OuterProductEqualsPlainLoopsOverRoundedFactors) {
  std::mt19937 generator(2);
  for (const std::size_t rows : {1, 2, 13, 16, 128}) {
    for (const std::size_t n_out : {1, 10, 17, 33, 64}) {
      for (const std::size_t n_in : {1, 5, 10, 37}) {
        const Factors16 e = across(random_rows<float>(rows, n_out, generator), rows, n_out);
        const Factors16 x = across(random_rows<float>(rows, n_in, generator), rows, n_in);
        Array<float> g = random_panels<float>(n_out, n_in, generator), before(g.size());
        for (std::size_t i = 0; i < g.size(); ++i) before[i] = g[i];
        const std::size_t lde = row_stride<float>(n_out), ldx = row_stride<float>(n_in);
        pair_kernels().outer_product(
            {e.words, lde, x.words, ldx, pairs(rows), g, n_out, n_in, 0, panel_count<float>(n_out), 0, n_in});
        for (std::size_t unit = 0; unit < n_out; ++unit) {
          for (std::size_t k = 0; k < n_in; ++k) {
            const std::size_t place = panel_index<float>(n_out, n_in, unit, k);
            double want = before[place], magnitudes = std::fabs(want);
            for (std::size_t row = 0; row < rows; ++row) {
              const double term = double{e.rounded[row * lde + unit]} * double{x.rounded[row * ldx + k]};
              want += term;
              magnitudes += std::fabs(term);
            }
            ASSERT_NEAR(g[place], want, sum_bound<float>(2 * rows, magnitudes))
                << rows << " rows, " << n_out << " x " << n_in;
          }
        }
      }
    }
  }
}

TEST_P(Bfloat16, ARowHasTheSameBitsInAnyCompany) {
  std::mt19937 generator(3);
  const std::size_t rows = 23, n_in = 45, n_out = 70, ldc = row_stride<float>(n_out);
  const std::size_t lda = row_stride<Bfloat16Pair>(pairs(n_in));
  const Factors16 a = along(random_rows<float>(rows, n_in, generator), rows, n_in);
  const Factors16 w = panels(random_panels<float>(n_out, n_in, generator), n_out, n_in);
  Array<float> together(rows * ldc), alone(rows * ldc);
  pair_kernels().product(
      {a.words, lda, w.words, pairs(n_in), n_out, nullptr, together, ldc, rows, Start::zero});
  for (std::size_t row = 0; row < rows; ++row)
    pair_kernels().product({a.words + row * lda, lda, w.words, pairs(n_in), n_out, nullptr, alone + row * ldc,
                            ldc, 1, Start::zero});
  for (std::size_t i = 0; i < rows * ldc; ++i) ASSERT_EQ(together[i], alone[i]) << "element " << i;
}

TEST(Bfloat16Dispatch, OnlyRoundedFactorsBringTheirUnitIntoUseByThemselves) {
  const std::vector<std::string> available = available_kernels();
  const bool has_unit = std::find(available.begin(), available.end(), "AVX3_BF16") != available.end();
  use_kernels("auto");
  EXPECT_EQ(kernels_in_use(), available.front());
  use_kernels("auto", factors_of("bfloat16"));
  EXPECT_EQ(kernels_in_use(), has_unit ? "AVX3_BF16" : available.front());
  EXPECT_EQ(pair_kernels().unit == std::string_view("AVX512_BF16"), has_unit);
  use_kernels(available.front(), factors_of("bfloat16"));
  EXPECT_EQ(pair_kernels().unit, available.front());
  use_kernels("auto");
}

}  // namespace
}  // namespace apical
