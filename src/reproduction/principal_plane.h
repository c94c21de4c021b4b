// The plane in which a cloud of points spreads most.
#pragma once

#include <Eigen/Core>

namespace apical {

// Principal component analysis, two components. Axes are unit vectors; of each, the entry of greatest magnitude is positive, so that the
// same cloud always gives the same picture.
struct PrincipalPlane {
  Eigen::RowVectorXd mean;         // [d]
  Eigen::MatrixX2d axes;           // [d, 2]
  Eigen::Vector2d variance_share;  // of the cloud's whole variance, each in [0, 1]

  Eigen::MatrixX2d of(const Eigen::MatrixXd& points) const {
    return (points.rowwise() - mean) * axes;
  }  // [n, 2]
};

// points [n, d], n and d at least 2.
PrincipalPlane principal_plane(const Eigen::MatrixXd& points);

}  // namespace apical
