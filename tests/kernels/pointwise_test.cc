#include "kernels/kernel_test.h"

namespace apical {
namespace {

class Pointwise : public EveryKernel {};
APICAL_ON_EVERY_KERNEL(Pointwise);

const std::size_t kCounts[] = {0, 1, 7, 16, 33, 511, 512, 513, 1500};

template <class T>
void expect_sum_of_parts() {
  std::mt19937 generator(1);
  for (const std::size_t count : kCounts) {
    for (std::size_t parts_count = 0; parts_count < 6; ++parts_count) {
      std::vector<Array<T>> arrays;
      std::vector<const T*> parts;
      for (std::size_t q = 0; q < parts_count; ++q) {
        arrays.emplace_back(count).randomise(generator);
        parts.push_back(arrays.back());
      }
      Array<T> out(count + 1, T(5));
      kernels<T>().sum(parts.data(), parts_count, out, count);
      for (std::size_t i = 0; i < count; ++i) {
        double want = 0, magnitudes = 0;
        for (const T* part : parts) {
          want += double{part[i]};
          magnitudes += std::fabs(double{part[i]});
        }
        ASSERT_NEAR(out[i], want, sum_bound<T>(parts_count, magnitudes));
      }
      ASSERT_EQ(out[count], T(5)) << "wrote beyond the end";
    }
  }
}

TEST_P(Pointwise, SumAddsEveryPart) {
  expect_sum_of_parts<float>();
  expect_sum_of_parts<double>();
}

TEST_P(Pointwise, SumFollowsTheOrderOfItsParts) {
  // The reference sums in double, where these numbers do not round.
  const float lost = GetParam() == "reference" ? 1.0f : 0.0f;
  const float big[] = {1e8f}, small[] = {1.0f}, minus[] = {-1e8f};
  const float *cancels_first[] = {big, minus, small}, *cancels_last[] = {big, small, minus};
  float out = 0;
  kernels<float>().sum(cancels_first, 3, &out, 1);
  EXPECT_EQ(out, 1.0f);
  kernels<float>().sum(cancels_last, 3, &out, 1);
  EXPECT_EQ(out, lost);
}

template <class T>
void expect_scaled_addition() {
  std::mt19937 generator(2);
  for (const std::size_t count : kCounts) {
    Array<T> x(count), before(count), y(count + 1, T(5));
    x.randomise(generator);
    before.randomise(generator);
    for (std::size_t i = 0; i < count; ++i) y[i] = before[i];
    kernels<T>().add_scaled(T(-1.7), x, y, count);
    for (std::size_t i = 0; i < count; ++i) {
      const double term = double{T(-1.7)} * double{x[i]};
      ASSERT_NEAR(y[i], double{before[i]} + term,
                  sum_bound<T>(2, std::fabs(term) + std::fabs(double{before[i]})));
    }
    ASSERT_EQ(y[count], T(5)) << "wrote beyond the end";
  }
}

TEST_P(Pointwise, AddScaledAddsAMultiple) {
  expect_scaled_addition<float>();
  expect_scaled_addition<double>();
}

template <class T>
void expect_factors() {
  std::mt19937 generator(5);
  for (const std::size_t count : {0, 1, 7, 31, 32, 33, 200}) {
    Array<T> x(count), before(count), scaled(count + 1, T(5)), multiplied(count + 1, T(5));
    x.randomise(generator);
    before.randomise(generator);
    for (std::size_t i = 0; i < count; ++i) scaled[i] = multiplied[i] = before[i];
    kernels<T>().scale(T(-1.7), scaled, count);
    kernels<T>().multiply(x, multiplied, count);
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_EQ(scaled[i], T(-1.7) * before[i]);
      ASSERT_EQ(multiplied[i], x[i] * before[i]);
    }
    ASSERT_TRUE(scaled[count] == T(5) && multiplied[count] == T(5)) << "wrote beyond the end";
  }
}

TEST_P(Pointwise, ScaleAndMultiplyAreRoundedOnce) {
  expect_factors<float>();
  expect_factors<double>();
}

template <class T>
void expect_column_sums() {
  std::mt19937 generator(3);
  for (const std::size_t n : {1, 10, 16, 17, 33, 100}) {
    for (const std::size_t rows : {0, 1, 2, 16, 33}) {
      const Array<T> e = random_rows<T>(rows, n, generator);
      Array<T> out(padded<T>(n));
      for (std::size_t i = 0; i < n; ++i) out[i] = T(0.5);
      kernels<T>().column_sums(e, row_stride<T>(n), rows, n, out);
      for (std::size_t i = 0; i < padded<T>(n); ++i) {
        double want = i < n ? 0.5 : 0, magnitudes = want;
        for (std::size_t row = 0; row < rows; ++row) {
          want += double{e[row * row_stride<T>(n) + i]};
          magnitudes += std::fabs(double{e[row * row_stride<T>(n) + i]});
        }
        ASSERT_NEAR(out[i], want, sum_bound<T>(rows, magnitudes));
        ASSERT_TRUE(i < n || out[i] == T(0)) << "padding";
      }
    }
  }
}

TEST_P(Pointwise, ColumnSumsAddTheRows) {
  expect_column_sums<float>();
  expect_column_sums<double>();
}

template <class T>
void expect_transpose() {
  std::mt19937 generator(4);
  for (const std::size_t n_out : {1, 8, 10, 16, 17, 33, 48, 70}) {
    for (const std::size_t n_in : {1, 8, 9, 16, 31, 32, 49, 65}) {
      const Array<T> w = random_panels<T>(n_out, n_in, generator);
      Array<T> transposed(panel_size<T>(n_in, n_out) + 1, T(9));
      kernels<T>().transpose_panels({w, n_out, n_in, transposed});
      for (std::size_t in = 0; in < padded<T>(n_in); ++in)
        for (std::size_t out = 0; out < n_out; ++out)
          ASSERT_EQ(transposed[panel_index<T>(n_in, n_out, in, out)],
                    in < n_in ? w[panel_index<T>(n_out, n_in, out, in)] : T(0))
              << n_out << " x " << n_in << " at " << out << ", " << in;
      ASSERT_EQ(transposed[panel_size<T>(n_in, n_out)], T(9)) << "wrote beyond the end";
    }
  }
}

TEST_P(Pointwise, TransposedPanelsHoldTheTransposeAndZeroPadding) {
  expect_transpose<float>();
  expect_transpose<double>();
}

// Cut by panels and by presynaptic units, in an order of its own: each part writes what belongs to it and nothing else.
template <class T>
void expect_transpose_of_parts() {
  std::mt19937 generator(5);
  constexpr std::size_t kHalf = kPanel<T> / 2;
  for (const std::size_t n_out : {1, 10, 33, 70}) {
    for (const std::size_t n_in : {1, 9, 49, 65, 112}) {
      const Array<T> w = random_panels<T>(n_out, n_in, generator);
      Array<T> whole(panel_size<T>(n_in, n_out)), parts(panel_size<T>(n_in, n_out), T(9));
      kernels<T>().transpose_panels({w, n_out, n_in, whole});
      for (std::size_t panel = panel_count<T>(n_out); panel-- > 0;) {
        for (std::size_t k = 0; k < n_in; k += 3 * kHalf) {
          const std::vector<T> before(parts + 0, parts + parts.size());
          const std::size_t k_count = std::min(3 * kHalf, n_in - k),
                            k_end = k + k_count < n_in ? k + k_count : padded<T>(n_in);
          kernels<T>().transpose_panels({w, n_out, n_in, parts, panel, 1, k, k_count});
          for (std::size_t in = 0; in < padded<T>(n_in); ++in) {
            for (std::size_t out = 0; out < n_out; ++out) {
              const std::size_t at = panel_index<T>(n_in, n_out, in, out);
              const bool belongs = out / kPanel<T> == panel && in >= k && in < k_end;
              ASSERT_EQ(parts[at], belongs ? whole[at] : before[at]) << n_out << " x " << n_in;
            }
          }
        }
      }
      for (std::size_t i = 0; i < panel_size<T>(n_in, n_out); ++i) ASSERT_EQ(parts[i], whole[i]);
    }
  }
}

TEST_P(Pointwise, TransposingPartByPartGivesTheWhole) {
  expect_transpose_of_parts<float>();
  expect_transpose_of_parts<double>();
}

TEST_P(Pointwise, PeakReportsTheOperationsItDid) {
  const double chains = GetParam() == "reference" ? 1 : 12;
  EXPECT_EQ(kernels<float>().peak(100), 200 * chains * static_cast<double>(kernels<float>().lanes));
  EXPECT_EQ(kernels<double>().peak(100), 200 * chains * static_cast<double>(kernels<double>().lanes));
}

}  // namespace
}  // namespace apical
