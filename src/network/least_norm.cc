#include "network/least_norm.h"

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <Eigen/SVD>
#include <limits>

#include "network/linear_readout.h"

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
RowMajor SampleJacobian<T>::of_layer(std::size_t top, const Eigen::VectorXd& slopes) const {
  RowMajor jacobian(units(top), first_unit_[top]);
  RowMajor to_top = RowMajor::Identity(units(top), units(top));
  for (std::size_t i = top; i >= 1; --i) {
    if (i < top) to_top = (to_top * w_[i + 1]).eval();
    to_top = (to_top * slopes.segment(first_unit(i), units(i)).asDiagonal()).eval();
    jacobian.middleCols(first_unit(i), units(i)) = to_top;
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

template <class T>
LeastNormSteps<T>::LeastNormSteps(const Network<T>& network) : jacobian_(network) {
  if (!LinearReadout<T>::serves(network)) return;
  const RowMajor& readout = jacobian_.weights(network.depth());
  overlap_ = readout.transpose() * readout;
}

template <class T>
Eigen::VectorXd LeastNormSteps<T>::of(const BatchState<T>& state, std::size_t row, const Eigen::VectorXd& c,
                                      double damping, const Eigen::VectorXd& e) const {
  const std::size_t depth = jacobian_.depth();
  const Eigen::Index n = jacobian_.outputs(), hidden = jacobian_.units() - n;
  const double epsilon = c[hidden] + damping;
  if (overlap_.size() == 0 || !(epsilon > 0)) return least_norm(jacobian_.at(state, row), c, damping, e);

  const RowMajor k = jacobian_.of_layer(depth - 1, jacobian_.slopes(state, row));
  const Eigen::Index below = jacobian_.first_unit(depth - 1);  // what is left of the diagonal of layer L − 1
  const RowMajor scaled = k.leftCols(below) * c.head(below).cwiseSqrt().asDiagonal();
  Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(k.rows(), k.rows());
  gram.selfadjointView<Eigen::Lower>().rankUpdate(scaled);
  gram.diagonal().array() +=
      k.rightCols(k.rows()).diagonal().array().square() * c.segment(below, k.rows()).array();

  Eigen::MatrixXd system = overlap_ * gram.selfadjointView<Eigen::Lower>();
  system.diagonal().array() += epsilon;
  const RowMajor& readout = jacobian_.weights(depth);
  Eigen::VectorXd x(hidden + n);
  x.head(hidden) = k.transpose() * system.partialPivLu().solve(readout.transpose() * e);
  x.tail(n) = (e - readout * (k * c.head(hidden).cwiseProduct(x.head(hidden)))) / epsilon;
  return x;
}

template class SampleJacobian<float>;
template class SampleJacobian<double>;
template class LeastNormSteps<float>;
template class LeastNormSteps<double>;

}  // namespace apical
