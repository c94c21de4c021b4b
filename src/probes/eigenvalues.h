// The eigenvalues that decide over stability.
#pragma once

#include <Eigen/Core>
#include <functional>

namespace apical {

// Matrices up to this size are decomposed whole (Eigen's QR algorithm); above, a Krylov subspace of Arnoldi's
// iteration is, which grows until its eigenvalue moves by less than 1e-9 of the largest, or holds 300 vectors.
inline constexpr Eigen::Index kDenseEigenvalues = 160;

// A square matrix as what it does to a vector.
struct LinearMap {
  Eigen::Index size = 0;
  std::function<Eigen::VectorXd(const Eigen::VectorXd&)> apply;

  Eigen::MatrixXd matrix() const;
};

// Largest real part, and largest modulus, of the eigenvalues. NaN where the matrix holds a number that is not
// finite. `dense` is the largest size that is decomposed whole.
double largest_real_part(const LinearMap& map, Eigen::Index dense = kDenseEigenvalues);
double spectral_radius(const LinearMap& map, Eigen::Index dense = kDenseEigenvalues);

}  // namespace apical
