// Eigenvalues, dense and by Arnoldi's iteration, of matrices whose spectrum is known.
#include "probes/eigenvalues.h"

#include <gtest/gtest.h>

#include <Eigen/LU>
#include <cmath>
#include <limits>

#include "probes/stability.h"

namespace apical {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

LinearMap map_of(const Matrix& matrix) {
  return {matrix.rows(), [&matrix](const Vector& x) { return Vector(matrix * x); }};
}

// Blocks on the diagonal, in a skewed basis: eigenvalues a ± bi for each pair, so that the matrix is not normal.
Matrix with_spectrum(const std::vector<std::pair<double, double>>& pairs) {
  const Eigen::Index n = 2 * static_cast<Eigen::Index>(pairs.size());
  Matrix blocks = Matrix::Zero(n, n), basis = Matrix::Identity(n, n);
  for (Eigen::Index k = 0; k < n / 2; ++k) {
    const auto [a, b] = pairs[static_cast<std::size_t>(k)];
    blocks.block(2 * k, 2 * k, 2, 2) << a, b, -b, a;
  }
  for (Eigen::Index k = 0; k + 1 < n; ++k) basis(k, k + 1) = 0.3 * std::sin(static_cast<double>(k));
  return basis * blocks * basis.inverse();
}

TEST(Eigenvalues, AreTheKnownOnesDenseAndByArnoldi) {
  std::vector<std::pair<double, double>> pairs;
  for (int k = 0; k < 120; ++k) pairs.emplace_back(-5 + 0.02 * k, 0.01 * k);
  pairs.emplace_back(0.75, 2.0);
  pairs.emplace_back(-9.0, 3.0);
  const Matrix matrix = with_spectrum(pairs);
  for (const Eigen::Index dense : {0, 1000}) {
    EXPECT_NEAR(largest_real_part(map_of(matrix), dense), 0.75, 1e-7) << dense;
    EXPECT_NEAR(spectral_radius(map_of(matrix), dense), std::sqrt(90.0), 1e-7) << dense;
  }
}

TEST(Eigenvalues, OfAnInvariantSubspaceEndTheIteration) {
  const Matrix identity = -3 * Matrix::Identity(400, 400);
  EXPECT_NEAR(largest_real_part(map_of(identity), 0), -3, 1e-12);
  EXPECT_NEAR(spectral_radius(map_of(identity), 0), 3, 1e-12);
}

TEST(Eigenvalues, OfWhatIsNotFiniteAreNotDefined) {
  Matrix matrix = Matrix::Identity(4, 4);
  matrix(1, 2) = std::numeric_limits<double>::quiet_NaN();
  for (const Eigen::Index dense : {0, 10}) {
    EXPECT_TRUE(std::isnan(largest_real_part(map_of(matrix), dense)));
    EXPECT_TRUE(std::isnan(spectral_radius(map_of(matrix), dense)));
  }
}

// A loop too large to be decomposed whole agrees with the same loop decomposed whole.
TEST(ControlLoop, IsTheSameByArnoldiAsDense) {
  constexpr Eigen::Index kOutputs = 40;
  const std::vector<Eigen::Index> first = {0, 60, 110, 150};
  RowMajor jacobian(kOutputs, first.back()), feedback(first.back(), kOutputs);
  for (Eigen::Index k = 0; k < jacobian.size(); ++k) {
    jacobian.data()[k] = 0.1 * std::sin(0.7 * static_cast<double>(k));
    feedback.data()[k] = 0.1 * std::cos(1.3 * static_cast<double>(k));
  }
  jacobian.rightCols(kOutputs) += Matrix::Identity(kOutputs, kOutputs);
  feedback.bottomRows(kOutputs) += Matrix::Identity(kOutputs, kOutputs);
  const ControlLoop loop(jacobian, feedback, first);
  ControlledDynamics d;
  d.controller = {.k_p = 1.5, .alpha = 0.01};
  for (const LinearMap& map : {loop.proportional_integral(d), loop.euler_step(d), loop.integral(d)}) {
    EXPECT_GE(map.size, kDenseEigenvalues);
    EXPECT_NEAR(largest_real_part(map), largest_real_part(map, 1000), 1e-7);
    EXPECT_NEAR(spectral_radius(map), spectral_radius(map, 1000), 1e-7);
  }
}

// One unit, no hidden layer, Q = w = 1: du/dt = −v − α u, τ dv/dt = u − v. Its eigenvalues are those of a 2 × 2 matrix.
TEST(ControlLoop, OfOneUnitIsTheOneWorkedOutByHand) {
  const RowMajor one = RowMajor::Ones(1, 1);
  const ControlLoop loop(one, one, {0, 1});
  ControlledDynamics d;
  d.settling.tau_v = 0.2;
  d.settling.dt = 0.01;
  d.controller = {.k_p = 0, .alpha = 0.5};
  // λ² + (5 + α) λ + 5 (1 + α) = 0 with α = 0.5: discriminant 30.25 − 30
  EXPECT_NEAR(loop.a_i(d), (-5.5 + 0.5) / 2, 1e-12);
  EXPECT_NEAR(loop.a_inst(d), -1.5, 1e-15);
  // proportional control adds k_p/τ to the damping: λ² + (5 + α + 5 k_p) λ + 5 (1 + α) = 0
  d.controller.k_p = 0.1;
  EXPECT_NEAR(loop.a_pi(d), (-6 + std::sqrt(36 - 30)) / 2, 1e-12);
}

}  // namespace
}  // namespace apical
