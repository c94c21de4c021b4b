#include "kernels/kernel_test.h"

namespace apical {
namespace {

class Products : public EveryKernel {};
APICAL_ON_EVERY_KERNEL(Products);

const std::size_t kWidths[] = {1, 3, 8, 10, 16, 17, 31, 32, 33, 50, 64, 97};
const std::size_t kDepths[] = {0, 1, 7, 20, 37};

template <class T>
void expect_product_equals_plain_loops(std::size_t rows, std::size_t n_out, std::size_t n_in, Start start,
                                       std::mt19937& generator) {
  const std::size_t lda = row_stride<T>(n_in), ldc = row_stride<T>(n_out);
  const Array<T> a = random_rows<T>(rows, n_in, generator), w = random_panels<T>(n_out, n_in, generator);
  Array<T> bias(padded<T>(n_out));
  for (std::size_t i = 0; i < n_out; ++i) bias[i] = static_cast<T>(i) - T(3);
  Array<T> c(rows * ldc, T(0));
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t unit = 0; unit < ldc; ++unit)
      c[row * ldc + unit] = unit < n_out           ? T(0.25) * static_cast<T>(unit)
                            : start == Start::keep ? T(0)
                                                   : T(7);
  kernels<T>().product({a, lda, w, n_in, n_out, bias, c, ldc, rows, start});
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t unit = 0; unit < ldc; ++unit) {
      const T got = c[row * ldc + unit];
      if (unit >= padded<T>(n_out)) {
        ASSERT_EQ(got, start == Start::keep ? T(0) : T(7)) << "wrote beyond the padded width at " << unit;
      } else if (unit >= n_out) {
        ASSERT_EQ(got, T(0)) << "padding at unit " << unit;
      } else {
        double want = start == Start::keep   ? 0.25 * double(unit)
                      : start == Start::bias ? double(unit) - 3
                                             : 0;
        double magnitudes = std::fabs(want);
        for (std::size_t k = 0; k < n_in; ++k) {
          const double term = double{a[row * lda + k]} * double{w[panel_index<T>(n_out, n_in, unit, k)]};
          want += term;
          magnitudes += std::fabs(term);
        }
        ASSERT_NEAR(got, want, sum_bound<T>(n_in, magnitudes))
            << rows << " rows, " << n_out << " x " << n_in << ", row " << row << ", unit " << unit;
      }
    }
  }
}

template <class T>
void expect_products_equal_plain_loops() {
  std::mt19937 generator(1);
  for (std::size_t rows = 1; rows <= 17; ++rows)
    for (const std::size_t n_out : kWidths)
      for (const std::size_t n_in : kDepths)
        for (const Start start : {Start::zero, Start::bias, Start::keep}) {
          expect_product_equals_plain_loops<T>(rows, n_out, n_in, start, generator);
          if (testing::Test::HasFatalFailure()) return;
        }
}

TEST_P(Products, FloatProductEqualsPlainLoops) { expect_products_equal_plain_loops<float>(); }
TEST_P(Products, DoubleProductEqualsPlainLoops) { expect_products_equal_plain_loops<double>(); }

template <class T>
OuterProduct<T> whole(const T* e, const T* x, std::size_t rows, T* g, std::size_t n_out, std::size_t n_in) {
  return {e,     row_stride<T>(n_out),
          x,     row_stride<T>(n_in),
          rows,  g,
          n_out, n_in,
          0,     (n_out + kPanel<T> - 1) / kPanel<T>,
          0,     n_in};
}

template <class T>
void expect_outer_products_equal_plain_loops() {
  std::mt19937 generator(2);
  for (std::size_t rows = 0; rows <= 17; ++rows) {
    for (const std::size_t n_out : kWidths) {
      for (const std::size_t n_in : {1, 5, 6, 8, 13, 20, 37}) {
        const Array<T> e = random_rows<T>(rows, n_out, generator), x = random_rows<T>(rows, n_in, generator);
        const Array<T> before = random_panels<T>(n_out, n_in, generator);
        Array<T> g(before.size());
        for (std::size_t i = 0; i < g.size(); ++i) g[i] = before[i];
        kernels<T>().outer_product(whole<T>(e, x, rows, g, n_out, n_in));
        for (std::size_t unit = 0; unit < padded<T>(n_out); ++unit) {
          for (std::size_t k = 0; k < n_in; ++k) {
            const std::size_t place = panel_index<T>(n_out, n_in, unit, k);
            if (unit >= n_out) {
              ASSERT_EQ(g[place], T(0)) << "padding at unit " << unit;
              continue;
            }
            double want = before[place], magnitudes = std::fabs(want);
            for (std::size_t row = 0; row < rows; ++row) {
              const double term =
                  double{e[row * row_stride<T>(n_out) + unit]} * double{x[row * row_stride<T>(n_in) + k]};
              want += term;
              magnitudes += std::fabs(term);
            }
            ASSERT_NEAR(g[place], want, sum_bound<T>(rows, magnitudes))
                << rows << " rows, " << n_out << " x " << n_in;
          }
        }
      }
    }
  }
}

TEST_P(Products, FloatOuterProductEqualsPlainLoops) { expect_outer_products_equal_plain_loops<float>(); }
TEST_P(Products, DoubleOuterProductEqualsPlainLoops) { expect_outer_products_equal_plain_loops<double>(); }

template <class T>
void expect_parts_of_outer_product_equal_the_whole() {
  std::mt19937 generator(3);
  const std::size_t n_out = 4 * kPanel<T> + 3, n_in = 45, rows = 29;
  const Array<T> e = random_rows<T>(rows, n_out, generator), x = random_rows<T>(rows, n_in, generator);
  Array<T> at_once(panel_size<T>(n_out, n_in)), in_parts(panel_size<T>(n_out, n_in));
  const OuterProduct<T> job = whole<T>(e, x, rows, at_once, n_out, n_in);
  kernels<T>().outer_product(job);
  std::size_t first_panel = 0;
  for (const std::size_t panels : {2, 1, 0, 2}) {
    std::size_t first_k = 0;
    for (const std::size_t k_count : {1, 7, 0, 24, 13}) {
      OuterProduct<T> part = job;
      part.g = in_parts;
      part.first_panel = first_panel;
      part.panels = panels;
      part.first_k = first_k;
      part.k_count = k_count;
      kernels<T>().outer_product(part);
      first_k += k_count;
    }
    ASSERT_EQ(first_k, n_in);
    first_panel += panels;
  }
  for (std::size_t i = 0; i < at_once.size(); ++i) ASSERT_EQ(in_parts[i], at_once[i]) << "element " << i;
}

TEST_P(Products, PartsOfAFloatOuterProductEqualTheWholeBitByBit) {
  expect_parts_of_outer_product_equal_the_whole<float>();
}
TEST_P(Products, PartsOfADoubleOuterProductEqualTheWholeBitByBit) {
  expect_parts_of_outer_product_equal_the_whole<double>();
}

template <class T>
void expect_start_at_zero_equals_a_cleared_array() {
  std::mt19937 generator(6);
  for (const std::size_t rows : {0, 1, 29}) {
    const std::size_t n_out = kPanel<T> + 3, n_in = 21;
    const Array<T> e = random_rows<T>(rows, n_out, generator), x = random_rows<T>(rows, n_in, generator);
    const std::size_t count = panel_size<T>(n_out, n_in);
    Array<T> cleared(count), unread(count, std::numeric_limits<T>::quiet_NaN());
    kernels<T>().outer_product(whole<T>(e, x, rows, cleared, n_out, n_in));
    OuterProduct<T> job = whole<T>(e, x, rows, unread, n_out, n_in);
    job.start = Start::zero;
    kernels<T>().outer_product(job);
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(unread[i], cleared[i]) << "element " << i;
  }
}

TEST_P(Products, AnOuterProductFromZeroDoesNotReadWhatWasThere) {
  expect_start_at_zero_equals_a_cleared_array<float>();
  expect_start_at_zero_equals_a_cleared_array<double>();
}

template <class T>
void expect_rows_do_not_depend_on_their_number() {
  std::mt19937 generator(4);
  const std::size_t n_out = 70, n_in = 33, rows = 23, ldc = row_stride<T>(n_out), lda = row_stride<T>(n_in);
  const Array<T> a = random_rows<T>(rows, n_in, generator), w = random_panels<T>(n_out, n_in, generator);
  Array<T> together(rows * ldc), alone(rows * ldc);
  kernels<T>().product({a, lda, w, n_in, n_out, nullptr, together, ldc, rows, Start::zero});
  for (std::size_t row = 0; row < rows; ++row)
    kernels<T>().product(
        {a + row * lda, lda, w, n_in, n_out, nullptr, alone + row * ldc, ldc, 1, Start::zero});
  for (std::size_t i = 0; i < rows * ldc; ++i) ASSERT_EQ(together[i], alone[i]) << "element " << i;
}

TEST_P(Products, ARowHasTheSameBitsInAnyCompany) {
  expect_rows_do_not_depend_on_their_number<float>();
  expect_rows_do_not_depend_on_their_number<double>();
}

TEST_P(Products, NaNInOneRowStaysInThatRow) {
  std::mt19937 generator(5);
  const std::size_t n = 40, stride = row_stride<float>(n);
  const Array<float> a = random_rows<float>(3, n, generator), w = random_panels<float>(n, n, generator);
  a[stride + 5] = std::numeric_limits<float>::quiet_NaN();
  Array<float> c(3 * stride);
  kernels<float>().product({a, stride, w, n, n, nullptr, c, stride, 3, Start::zero});
  for (std::size_t i = 0; i < n; ++i) {
    EXPECT_FALSE(std::isnan(c[i]));
    EXPECT_TRUE(std::isnan(c[stride + i]));
    EXPECT_FALSE(std::isnan(c[2 * stride + i]));
  }
}

}  // namespace
}  // namespace apical
