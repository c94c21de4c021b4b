#include "network/least_norm.h"

#include <Eigen/Cholesky>
#include <Eigen/SVD>
#include <limits>

namespace apical {

template <class T>
SampleJacobian<T>::SampleJacobian(const Network<T>& network)
    : network_(network),
      outputs_(static_cast<Eigen::Index>(network.units(network.depth()))),
      first_unit_{0},
      w_(network.depth() + 1) {
  for (std::size_t i = 1; i <= network.depth(); ++i) {
    first_unit_.push_back(first_unit_.back() + static_cast<Eigen::Index>(network.units(i)));
    if (i > 1) w_[i] = as_matrix(network.weights(i));
  }
}

template <class T>
Eigen::VectorXd SampleJacobian<T>::slopes(const BatchState<T>& state, std::size_t row) const {
  Eigen::VectorXd slopes(units());
  for (std::size_t i = 1; i <= depth(); ++i) {
    const T* from = state.slope[i].data() + row * row_stride<T>(network_.units(i));
    for (Eigen::Index unit = 0; unit < units(i); ++unit)
      slopes[first_unit(i) + unit] = static_cast<double>(from[unit]);
  }
  return slopes;
}

template <class T>
RowMajor SampleJacobian<T>::at(const Eigen::VectorXd& slopes) const {
  RowMajor jacobian(outputs_, units());
  RowMajor to_output = RowMajor::Identity(outputs_, outputs_);
  for (std::size_t i = depth(); i >= 1; --i) {
    if (i < depth()) to_output = (to_output * w_[i + 1]).eval();
    to_output = (to_output * slopes.segment(first_unit(i), units(i)).asDiagonal()).eval();
    jacobian.middleCols(first_unit(i), units(i)) = to_output;
  }
  return jacobian;
}

template <class T>
Eigen::VectorXd SampleJacobian<T>::presynaptic_lengths(const BatchState<T>& state, std::size_t row) const {
  Eigen::VectorXd lengths(units());
  for (std::size_t i = 1; i <= depth(); ++i) {
    const std::size_t n_in = network_.units(i - 1);
    const T* rate = state.rate[i - 1].data() + row * row_stride<T>(n_in);
    double sum = network_.weights(i).has_bias() ? 1 : 0;
    for (std::size_t k = 0; k < n_in; ++k) sum += static_cast<double>(rate[k]) * static_cast<double>(rate[k]);
    lengths.segment(first_unit(i), units(i)).setConstant(sum);
  }
  return lengths;
}

Eigen::MatrixXd least_norm(const RowMajor& jacobian, const Eigen::VectorXd& c, double damping,
                           const Eigen::MatrixXd& e) {
  const RowMajor scaled = jacobian * c.cwiseSqrt().asDiagonal();
  if (damping > 0) {
    Eigen::MatrixXd gram = scaled * scaled.transpose();
    gram.diagonal().array() += damping;
    return jacobian.transpose() * gram.ldlt().solve(e);
  }
  const Eigen::BDCSVD<Eigen::MatrixXd> svd(scaled, Eigen::ComputeThinU);
  const auto& sigma = svd.singularValues();
  const double least = sigma.size() == 0 ? 0 : 1e-15 * static_cast<double>(jacobian.cols()) * sigma[0];
  Eigen::MatrixXd z = svd.matrixU().transpose() * e;
  for (Eigen::Index k = 0; k < sigma.size(); ++k)
    z.row(k) *= sigma[k] > least ? 1 / (sigma[k] * sigma[k]) : 0;
  return jacobian.transpose() * (svd.matrixU() * z);
}

template class SampleJacobian<float>;
template class SampleJacobian<double>;

}  // namespace apical
