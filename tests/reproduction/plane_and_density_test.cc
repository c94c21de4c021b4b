// Against NumPy and SciPy: make_plane_and_density.py beside this file prints the numbers.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "reproduction/density.h"
#include "reproduction/principal_plane.h"

namespace apical {
namespace {

Eigen::MatrixXd cloud() {
  Eigen::MatrixXd points(20, 3);
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    const auto t = static_cast<double>(i);
    points.row(i) << std::sin(t), 0.5 * std::cos(1.7 * t) + 0.3 * std::sin(t), 0.1 * std::sin(2.3 * t);
  }
  return points;
}

TEST(PrincipalPlane, IsNumPys) {
  const PrincipalPlane plane = principal_plane(cloud());
  const double axes[2][3] = {{0.932559335946811, 0.36101554050774504, -0.0009297582179485871},
                             {-0.36099345596745697, 0.932525351136674, 0.008955123455048375}};
  for (Eigen::Index k = 0; k < 2; ++k) {
    for (Eigen::Index i = 0; i < 3; ++i) EXPECT_NEAR(plane.axes(i, k), axes[k][i], 1e-12);
  }
  EXPECT_NEAR(plane.variance_share(0), 0.8170110759228564, 1e-12);
  EXPECT_NEAR(plane.variance_share(1), 0.1757036554450286, 1e-12);
  const Eigen::MatrixX2d last = plane.of(cloud().bottomRows(1));
  EXPECT_NEAR(last(0, 0), 0.255592601880631, 1e-12);
  EXPECT_NEAR(last(0, 1), 0.2565750175454839, 1e-12);
}

TEST(KernelDensity, IsSciPys) {
  const KernelDensity density(cloud().leftCols(2));
  EXPECT_NEAR(density.at(0, 0), 0.26568781098900673, 1e-12);
  EXPECT_NEAR(density.at(0.9, -0.2), 0.1935850945352318, 1e-12);
  EXPECT_NEAR(density.at(-2, 1.5), 2.52557683823982e-14, 1e-24);
}

// A Gaussian hill, whose contours are circles: the share p lies within radius √(−2 ln(1−p)).
DensityGrid hill(std::size_t n) {
  DensityGrid grid{.n = n,
                   .x0 = -6,
                   .y0 = -6,
                   .dx = 12.0 / static_cast<double>(n - 1),
                   .dy = 12.0 / static_cast<double>(n - 1),
                   .values = {}};
  for (std::size_t row = 0; row < n; ++row) {
    for (std::size_t column = 0; column < n; ++column) {
      const double x = grid.x0 + static_cast<double>(column) * grid.dx,
                   y = grid.y0 + static_cast<double>(row) * grid.dy;
      grid.values.push_back(std::exp(-(x * x + y * y) / 2) / (2 * std::numbers::pi));
    }
  }
  return grid;
}

TEST(Contours, OfAHillAreItsCircles) {
  const DensityGrid grid = hill(201);
  for (const double share : {0.25, 0.5, 0.95}) {
    const double radius = std::sqrt(-2 * std::log(1 - share));
    const auto lines = contours(grid, level_enclosing(grid, share));
    ASSERT_EQ(lines.size(), 1u);
    double length = 0;
    for (std::size_t i = 0; i < lines[0].size(); ++i) {
      const auto &a = lines[0][i], &b = lines[0][(i + 1) % lines[0].size()];
      EXPECT_NEAR(std::hypot(a[0], a[1]), radius, 0.02);  // a third of a cell
      EXPECT_LT(std::hypot(b[0] - a[0], b[1] - a[1]),
                0.09);  // neighbours follow each other, also at the seam
      length += std::hypot(b[0] - a[0], b[1] - a[1]);
    }
    EXPECT_NEAR(length, 2 * std::numbers::pi * radius, 0.02 * length);
  }
}

TEST(Contours, OfTwoHillsAreTwoAndOfARingHaveAHole) {
  DensityGrid two = hill(101), ring = hill(101);
  for (std::size_t i = 0; i < two.values.size(); ++i) {
    const double x = two.x0 + static_cast<double>(i % 101) * two.dx,
                 y = two.y0 + static_cast<double>(i / 101) * two.dy;
    two.values[i] = std::exp(-((x - 3) * (x - 3) + y * y)) + std::exp(-((x + 3) * (x + 3) + y * y));
    ring.values[i] = std::exp(-std::pow(std::hypot(x, y) - 3, 2));
  }
  EXPECT_EQ(contours(two, 0.5).size(), 2u);
  EXPECT_EQ(contours(ring, 0.5).size(), 2u);
  EXPECT_TRUE(contours(ring, 2).empty());
}

TEST(LevelEnclosing, FallsAsMoreIsEnclosed) {
  const DensityGrid grid = hill(101);
  EXPECT_GT(level_enclosing(grid, 0.25), level_enclosing(grid, 0.5));
  EXPECT_GT(level_enclosing(grid, 0.5), level_enclosing(grid, 0.95));
}

}  // namespace
}  // namespace apical
