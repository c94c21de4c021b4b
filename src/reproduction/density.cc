#include "reproduction/density.h"

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <utility>

namespace apical {
namespace {

constexpr double kMargin = 3;  // bandwidths

using Point = std::array<double, 2>;

// The contour inside one cell joins crossings on its edges. An edge is named by its lower left node and its direction.
struct Edge {
  std::size_t column, row;
  bool vertical;
  auto operator<=>(const Edge&) const = default;
};

class Tracer {
 public:
  Tracer(const DensityGrid& grid, double level) : grid_(grid), level_(level) {
    for (std::size_t row = 0; row + 1 < grid.n; ++row) {
      for (std::size_t column = 0; column + 1 < grid.n; ++column) add_cell(column, row);
    }
  }

  std::vector<std::vector<Point>> lines() {
    std::vector<std::vector<Point>> all;
    while (!neighbours_.empty()) {
      std::vector<Point> line;
      Edge at = neighbours_.begin()->first;
      for (auto here = neighbours_.find(at); here != neighbours_.end(); here = neighbours_.find(at)) {
        line.push_back(crossing(at));
        const std::vector<Edge> next = here->second;
        neighbours_.erase(here);
        // of the two neighbours, the one not yet passed; neither where the loop closes
        for (const Edge& edge : next) {
          if (neighbours_.contains(edge)) at = edge;
        }
      }
      all.push_back(std::move(line));
    }
    return all;
  }

 private:
  bool above(std::size_t column, std::size_t row) const { return grid_.at(column, row) > level_; }

  void join(const Edge& a, const Edge& b) {
    neighbours_[a].push_back(b);
    neighbours_[b].push_back(a);
  }

  void add_cell(std::size_t c, std::size_t r) {
    const Edge bottom{c, r, false}, top{c, r + 1, false}, left{c, r, true}, right{c + 1, r, true};
    const bool ll = above(c, r), lr = above(c + 1, r), ul = above(c, r + 1), ur = above(c + 1, r + 1);
    std::vector<Edge> crossed;
    if (ll != lr) crossed.push_back(bottom);
    if (ul != ur) crossed.push_back(top);
    if (ll != ul) crossed.push_back(left);
    if (lr != ur) crossed.push_back(right);
    if (crossed.size() == 2) join(crossed[0], crossed[1]);
    if (crossed.size() < 4) return;
    // a saddle: the middle decides which corners belong together
    const double middle =
        (grid_.at(c, r) + grid_.at(c + 1, r) + grid_.at(c, r + 1) + grid_.at(c + 1, r + 1)) / 4;
    const bool cut_off_lower_left = (middle > level_) != ll;
    join(bottom, cut_off_lower_left ? left : right);
    join(top, cut_off_lower_left ? right : left);
  }

  Point crossing(const Edge& e) const {
    const double a = grid_.at(e.column, e.row),
                 b = e.vertical ? grid_.at(e.column, e.row + 1) : grid_.at(e.column + 1, e.row);
    const double share = (level_ - a) / (b - a);
    const double column = static_cast<double>(e.column) + (e.vertical ? 0 : share),
                 row = static_cast<double>(e.row) + (e.vertical ? share : 0);
    return {grid_.x0 + column * grid_.dx, grid_.y0 + row * grid_.dy};
  }

  const DensityGrid& grid_;
  double level_;
  std::map<Edge, std::vector<Edge>> neighbours_;
};

}  // namespace

KernelDensity::KernelDensity(Eigen::MatrixX2d points) : points_(std::move(points)) {
  const auto n = static_cast<double>(points_.rows());
  const Eigen::MatrixX2d centred = points_.rowwise() - points_.colwise().mean();
  const Eigen::Matrix2d kernel = centred.transpose() * centred / (n - 1) * std::pow(n, -1.0 / 3);
  precision_ = kernel.inverse();
  bandwidth_ = {std::sqrt(kernel(0, 0)), std::sqrt(kernel(1, 1))};
  scale_ = 1 / (2 * std::numbers::pi * std::sqrt(kernel.determinant()) * n);
}

double KernelDensity::at(double x, double y) const {
  double sum = 0;
  for (Eigen::Index i = 0; i < points_.rows(); ++i) {
    const Eigen::Vector2d d(x - points_(i, 0), y - points_(i, 1));
    sum += std::exp(-0.5 * d.dot(precision_ * d));
  }
  return scale_ * sum;
}

DensityGrid density_grid(const Eigen::MatrixX2d& points, std::size_t n) {
  const KernelDensity density(points);
  const auto [bx, by] = density.bandwidth();
  DensityGrid grid{.n = n, .values = std::vector<double>(n * n)};
  const auto steps = static_cast<double>(n - 1);
  grid.x0 = points.col(0).minCoeff() - kMargin * bx;
  grid.y0 = points.col(1).minCoeff() - kMargin * by;
  grid.dx = (points.col(0).maxCoeff() + kMargin * bx - grid.x0) / steps;
  grid.dy = (points.col(1).maxCoeff() + kMargin * by - grid.y0) / steps;
  for (std::size_t row = 0; row < n; ++row) {
    for (std::size_t column = 0; column < n; ++column) {
      grid.values[row * n + column] = density.at(grid.x0 + static_cast<double>(column) * grid.dx,
                                                 grid.y0 + static_cast<double>(row) * grid.dy);
    }
  }
  return grid;
}

double level_enclosing(const DensityGrid& grid, double share) {
  std::vector<double> sorted = grid.values;
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  double whole = 0, sum = 0;
  for (const double value : sorted) whole += value;
  for (const double value : sorted) {
    sum += value;
    if (sum >= share * whole) return value;
  }
  return sorted.back();
}

std::vector<std::vector<std::array<double, 2>>> contours(const DensityGrid& grid, double level) {
  return Tracer(grid, level).lines();
}

}  // namespace apical
