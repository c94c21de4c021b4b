// How densely points lie in a plane, and its contours.
#pragma once

#include <Eigen/Core>
#include <array>
#include <cstddef>
#include <vector>

namespace apical {

// Kernel density estimate: a Gaussian around every point, with the cloud's covariance times n^(−1/3) (Scott 1992).
class KernelDensity {
 public:
  // [n, 2]; they must not lie on one line.
  explicit KernelDensity(Eigen::MatrixX2d points);
  double at(double x, double y) const;
  // Standard deviations of a kernel along x and y.
  std::array<double, 2> bandwidth() const { return bandwidth_; }

 private:
  Eigen::MatrixX2d points_;
  Eigen::Matrix2d precision_;  // of a kernel
  std::array<double, 2> bandwidth_;
  double scale_;
};

// The density at n × n nodes of a rectangle.
struct DensityGrid {
  std::size_t n = 0;
  double x0 = 0, y0 = 0, dx = 0, dy = 0;
  std::vector<double> values;  // [n, n], row: y

  double at(std::size_t column, std::size_t row) const { return values[row * n + column]; }
};
// Around the points and three bandwidths further, where hardly anything is left.
DensityGrid density_grid(const Eigen::MatrixX2d& points, std::size_t n);

// The density above which lies this share of everything, in (0, 1).
double level_enclosing(const DensityGrid& grid, double share);

// Where the density crosses the level: closed lines by marching squares. The border of the grid has to lie below the level.
std::vector<std::vector<std::array<double, 2>>> contours(const DensityGrid& grid, double level);

}  // namespace apical
