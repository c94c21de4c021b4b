// Weight matrices as the linear algebra library wants them.
#pragma once

#include <Eigen/Core>

#include "apical/network.h"

namespace apical {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <class T>
RowMajor as_matrix(const WeightMatrix<T>& w) {
  const auto values = w.values();
  return Eigen::Map<const RowMajor>(values.data(), static_cast<Eigen::Index>(w.n_out()),
                                    static_cast<Eigen::Index>(w.n_in()));
}

}  // namespace apical
