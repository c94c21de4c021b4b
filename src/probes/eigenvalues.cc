#include "probes/eigenvalues.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>

namespace apical {
namespace {

constexpr Eigen::Index kMostVectors = 300, kBetweenLooks = 20;
constexpr double kSettled = 1e-9;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

using Measure = double (*)(const std::complex<double>&);
double real_part(const std::complex<double>& z) { return z.real(); }
double modulus(const std::complex<double>& z) { return std::abs(z); }

struct Extreme {
  double wanted = -std::numeric_limits<double>::infinity();
  double scale = 0;  // the largest modulus
};

Extreme extreme_of(const Eigen::MatrixXd& matrix, Measure measure) {
  if (!matrix.allFinite()) return {kNaN, kNaN};
  const Eigen::EigenSolver<Eigen::MatrixXd> solver(matrix, false);
  if (solver.info() != Eigen::Success) return {kNaN, kNaN};
  Extreme extreme;
  for (const auto& value : solver.eigenvalues()) {
    extreme.wanted = std::max(extreme.wanted, measure(value));
    extreme.scale = std::max(extreme.scale, std::abs(value));
  }
  return extreme;
}

// Arnoldi's iteration from a vector that prefers no direction, orthogonalised twice.
double arnoldi(const LinearMap& map, Measure measure) {
  const Eigen::Index most = std::min(kMostVectors, map.size);
  Eigen::MatrixXd basis(map.size, most + 1);
  Eigen::MatrixXd projected = Eigen::MatrixXd::Zero(most + 1, most);
  for (Eigen::Index k = 0; k < map.size; ++k) basis(k, 0) = std::cos(1.0 + 1.7 * static_cast<double>(k));
  basis.col(0).normalize();
  double before = kNaN;
  for (Eigen::Index k = 0; k < most; ++k) {
    Eigen::VectorXd next = map.apply(basis.col(k));
    if (!next.allFinite()) return kNaN;
    const double length = next.norm();
    for (int pass = 0; pass < 2; ++pass) {
      const Eigen::VectorXd along = basis.leftCols(k + 1).transpose() * next;
      next -= basis.leftCols(k + 1) * along;
      projected.col(k).head(k + 1) += along;
    }
    projected(k + 1, k) = next.norm();
    const bool invariant = next.norm() <= 1e-14 * length;
    if (invariant || k + 1 == most || (k + 1) % kBetweenLooks == 0) {
      const Extreme now = extreme_of(projected.topLeftCorner(k + 1, k + 1), measure);
      if (invariant || k + 1 == most || std::abs(now.wanted - before) <= kSettled * now.scale)
        return now.wanted;
      before = now.wanted;
    }
    basis.col(k + 1) = next / next.norm();
  }
  return before;
}

double extreme_eigenvalue(const LinearMap& map, Measure measure, Eigen::Index dense) {
  return map.size <= dense ? extreme_of(map.matrix(), measure).wanted : arnoldi(map, measure);
}

}  // namespace

Eigen::MatrixXd LinearMap::matrix() const {
  Eigen::MatrixXd columns(size, size);
  for (Eigen::Index k = 0; k < size; ++k) columns.col(k) = apply(Eigen::VectorXd::Unit(size, k));
  return columns;
}

double largest_real_part(const LinearMap& map, Eigen::Index dense) {
  return extreme_eigenvalue(map, &real_part, dense);
}
double spectral_radius(const LinearMap& map, Eigen::Index dense) {
  return extreme_eigenvalue(map, &modulus, dense);
}

}  // namespace apical
