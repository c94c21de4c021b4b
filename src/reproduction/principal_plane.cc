#include "reproduction/principal_plane.h"

#include <Eigen/Eigenvalues>

namespace apical {

PrincipalPlane principal_plane(const Eigen::MatrixXd& points) {
  PrincipalPlane plane;
  plane.mean = points.colwise().mean();
  const Eigen::MatrixXd centred = points.rowwise() - plane.mean;
  const Eigen::MatrixXd covariance = centred.transpose() * centred / static_cast<double>(points.rows() - 1);
  // eigenvalues ascend
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(covariance);
  plane.axes.resize(points.cols(), 2);
  for (Eigen::Index k = 0; k < 2; ++k) {
    const Eigen::Index from = points.cols() - 1 - k;
    Eigen::VectorXd axis = solver.eigenvectors().col(from);
    Eigen::Index largest = 0;
    axis.cwiseAbs().maxCoeff(&largest);
    plane.axes.col(k) = axis(largest) < 0 ? (-axis).eval() : axis;
    plane.variance_share(k) = solver.eigenvalues()(from) / covariance.trace();
  }
  return plane;
}

}  // namespace apical
