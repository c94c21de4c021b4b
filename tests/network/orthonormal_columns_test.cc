#include "network/orthonormal_columns.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace apical {
namespace {

constexpr std::size_t kRows = 83, kColumns = 25;

// Fills A, finds U and R, and holds them against their definition, in plain loops.
void expect_a_basis(OrthonormalColumns& columns, const std::vector<double>& a, double tolerance) {
  for (std::size_t row = 0; row < kRows; ++row)
    for (std::size_t k = 0; k < kColumns; ++k)
      columns.a()[row * columns.stride() + k] = a[row * kColumns + k];
  columns.find();
  const auto u = [&](std::size_t row, std::size_t k) { return columns.u()[row * columns.stride() + k]; };
  for (std::size_t i = 0; i < kColumns; ++i) {
    for (std::size_t j = 0; j < kColumns; ++j) {
      double product = 0;
      for (std::size_t row = 0; row < kRows; ++row) product += u(row, i) * u(row, j);
      ASSERT_NEAR(product, i == j ? 1 : 0, tolerance) << "columns " << i << " and " << j;
      if (j < i) {
        ASSERT_EQ(columns.r(i, j), 0) << "below the diagonal";
      }
    }
  }
  for (std::size_t row = 0; row < kRows; ++row) {
    for (std::size_t k = 0; k < kColumns; ++k) {
      double product = 0;
      for (std::size_t j = 0; j < kColumns; ++j) product += u(row, j) * columns.r(j, k);
      ASSERT_NEAR(product, a[row * kColumns + k], 1e-12);
    }
  }
}

std::vector<double> random_matrix(std::uint32_t seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  std::vector<double> a(kRows * kColumns);
  for (double& x : a) x = normal(generator);
  return a;
}

TEST(OrthonormalColumns, MultiplyToTheMatrixAgainAndAgain) {
  OrthonormalColumns columns(kRows, kColumns);
  expect_a_basis(columns, random_matrix(1), 1e-13);
  expect_a_basis(columns, random_matrix(2), 1e-13);
}

TEST(OrthonormalColumns, StayOrthonormalWhereThoseOfTheMatrixNearlyDependOnEachOther) {
  OrthonormalColumns columns(kRows, kColumns);
  for (const double apart : {1e-3, 1e-7, 0.0}) {
    std::vector<double> a = random_matrix(3);
    for (std::size_t row = 0; row < kRows; ++row)
      a[row * kColumns + 24] = a[row * kColumns + 3] + apart * a[row * kColumns + 24];
    expect_a_basis(columns, a, 1e-8);
  }
  // nothing of the last one is left over for the next
  expect_a_basis(columns, random_matrix(4), 1e-13);
}

}  // namespace
}  // namespace apical
