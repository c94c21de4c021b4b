// Many small systems at once, against Eigen's decomposition of each.
#include <Eigen/LU>
#include <array>

#include "kernels/kernel_test.h"

namespace apical {
namespace {

using Systems = std::array<Eigen::MatrixXd, kSystems>;
using Vectors = std::array<Eigen::VectorXd, kSystems>;

class Solve : public EveryKernel {};
APICAL_ON_EVERY_KERNEL(Solve);

Vectors solve_together(const Systems& systems, const Vectors& right) {
  const auto n = static_cast<std::size_t>(right[0].size());
  const Array<double> a(n * n * kSystems), b(n * kSystems);
  for (std::size_t s = 0; s < kSystems; ++s) {
    for (std::size_t row = 0; row < n; ++row) {
      for (std::size_t column = 0; column < n; ++column)
        a[(row * n + column) * kSystems + s] = systems[s](static_cast<long>(row), static_cast<long>(column));
      b[row * kSystems + s] = right[s](static_cast<long>(row));
    }
  }
  kernels<double>().solve(n, a, b);
  Vectors x = right;
  for (std::size_t s = 0; s < kSystems; ++s)
    for (std::size_t row = 0; row < n; ++row) x[s](static_cast<long>(row)) = b[row * kSystems + s];
  return x;
}

Systems random_systems(long n, std::mt19937& generator) {
  std::normal_distribution<double> normal;
  Systems systems;
  for (auto& a : systems) a = Eigen::MatrixXd::NullaryExpr(n, n, [&] { return normal(generator); });
  return systems;
}

Vectors random_vectors(long n, std::mt19937& generator) {
  std::normal_distribution<double> normal;
  Vectors vectors;
  for (auto& b : vectors) b = Eigen::VectorXd::NullaryExpr(n, [&] { return normal(generator); });
  return vectors;
}

TEST_P(Solve, EqualsEigenUpToTheConditionOfTheSystem) {
  std::mt19937 generator(1);
  for (const long n : {1, 2, 3, 5, 10, 17, 48}) {
    const Systems systems = random_systems(n, generator);
    const Vectors right = random_vectors(n, generator), x = solve_together(systems, right);
    for (std::size_t s = 0; s < kSystems; ++s) {
      const Eigen::PartialPivLU<Eigen::MatrixXd> lu(systems[s]);
      const Eigen::VectorXd want = lu.solve(right[s]);
      const double bound = 1e-14 * static_cast<double>(n) / lu.rcond();
      EXPECT_LE((x[s] - want).norm(), bound * want.norm()) << n << " unknowns, system " << s;
    }
  }
}

// Each lane has its own order of rows, and the first pivot is zero in all of them.
TEST_P(Solve, ExchangesRowsInEachSystemByItself) {
  const long n = 6;
  Systems permutations;
  Vectors right;
  for (std::size_t s = 0; s < kSystems; ++s) {
    permutations[s] = Eigen::MatrixXd::Zero(n, n);
    right[s].resize(n);
    const long shift = 1 + static_cast<long>(s) % (n - 1);
    for (long row = 0; row < n; ++row) {
      permutations[s](row, (row + shift) % n) = static_cast<double>(row + 2);
      right[s](row) = static_cast<double>((row + 2) * ((row + shift) % n + 1));
    }
  }
  const Vectors x = solve_together(permutations, right);
  for (const auto& one : x)
    for (long row = 0; row < n; ++row) EXPECT_EQ(one(row), static_cast<double>(row + 1));
}

TEST_P(Solve, TakesTheLargestPivotSoThatATinyOneDoesNoHarm) {
  Systems systems;
  Vectors right;
  for (std::size_t s = 0; s < kSystems; ++s) {
    systems[s] = Eigen::Matrix2d{{1e-20, 1}, {1, 1}};
    right[s] = Eigen::Vector2d(1, 2);
  }
  for (const auto& x : solve_together(systems, right)) {
    EXPECT_NEAR(x(0), 1, 1e-15);
    EXPECT_NEAR(x(1), 1, 1e-15);
  }
}

TEST_P(Solve, ASystemHasTheSameBitsInAnyCompanyAndKeepsItsNaNToItself) {
  std::mt19937 generator(2);
  const long n = 10;
  const Systems systems = random_systems(n, generator);
  const Vectors right = random_vectors(n, generator), x = solve_together(systems, right);
  Systems others = random_systems(n, generator);
  Vectors other_right = random_vectors(n, generator);
  others[5] = systems[2];
  other_right[5] = right[2];
  others[1](3, 4) = std::numeric_limits<double>::quiet_NaN();
  others[7].setZero();
  const Vectors in_company = solve_together(others, other_right);
  for (long row = 0; row < n; ++row) EXPECT_EQ(in_company[5](row), x[2](row));
  EXPECT_FALSE(in_company[1].allFinite());
  EXPECT_FALSE(in_company[7].allFinite()) << "a singular system";
  for (const std::size_t s : {0, 2, 3, 4, 5, 6}) EXPECT_TRUE(in_company[s].allFinite());
}

}  // namespace
}  // namespace apical
