#include "network/linear_readout.h"

#include <Eigen/LU>
#include <optional>
#include <utility>

#include "core/profile.h"
#include "kernels/kernels.h"
#include "network/control_response.h"
#include "network/matrix.h"

namespace apical {
namespace {

// Reciprocal condition below which A counts as singular.
constexpr double kSingular = 1e-8;

template <class T>
using Dense = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using Rows = Eigen::Map<Dense<T>, 0, Eigen::OuterStride<>>;
template <class T>
using ConstRows = Eigen::Map<const Dense<T>, 0, Eigen::OuterStride<>>;

// Rows of activities, their padding left out.
template <class T>
Rows<T> rows_of(T* data, std::size_t rows, std::size_t units) {
  return {data, static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(units),
          Eigen::OuterStride<>(static_cast<Eigen::Index>(row_stride<T>(units)))};
}
template <class T>
ConstRows<T> rows_of(const T* data, std::size_t rows, std::size_t units) {
  return {data, static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(units),
          Eigen::OuterStride<>(static_cast<Eigen::Index>(row_stride<T>(units)))};
}

}  // namespace

// Feedback of the output is mostly the identity or nothing but a diagonal: then nothing is factored.
template <class T>
struct LinearReadout<T>::Inverse {
  explicit Inverse(const RowMajor& matrix) {
    if (matrix.isDiagonal(0)) {
      diagonal = matrix.diagonal();
    } else {
      factors.emplace(matrix);
    }
  }
  bool regular() const {
    if (factors) return factors->rcond() > kSingular;
    return diagonal.cwiseAbs().minCoeff() > kSingular * diagonal.cwiseAbs().maxCoeff();
  }
  // x A⁻ᵀ of rows x.
  RowMajor of(const RowMajor& x) const {
    if (factors) return factors->solve(x.transpose()).transpose();
    return x * diagonal.cwiseInverse().asDiagonal();
  }

  Eigen::VectorXd diagonal;
  std::optional<Eigen::PartialPivLU<Eigen::MatrixXd>> factors;
};

template <class T>
LinearReadout<T>::LinearReadout() = default;
template <class T>
LinearReadout<T>::~LinearReadout() = default;

template <class T>
bool LinearReadout<T>::serves(const Network<T>& network) {
  const std::size_t depth = network.depth(), outputs = network.units(depth);
  return network.spec().activation_of(depth) == Activation::linear && outputs > kMostTogether && depth > 1 &&
         network.units(depth - 1) < outputs;
}

template <class T>
bool LinearReadout<T>::prepare(const Network<T>& network, double leak) {
  const std::scoped_lock lock(mutex_);
  if (leak_ == leak) return regular_;
  leak_ = leak;
  const std::size_t depth = network.depth();
  outputs_ = network.units(depth);
  hidden_ = network.units(depth - 1);
  RowMajor a = as_matrix(network.weights("feedback", depth));
  a.diagonal().array() += leak;
  inverse_ = std::make_unique<Inverse>(a);
  regular_ = inverse_->regular();
  if (!regular_) return false;
  const std::size_t stride = row_stride<T>(outputs_);
  if (spread_.empty()) spread_ = Buffer<T>(hidden_ * stride);
  rows_of(spread_.data(), hidden_, outputs_) =
      inverse_->of(as_matrix(network.weights(depth)).transpose()).template cast<T>();
  drives_.resize(depth - 1);
  for (std::size_t i = 1; i < depth; ++i) {
    const auto& q = network.weights("feedback", i);
    const std::size_t width = row_stride<T>(q.n_out());
    if (drives_[i - 1].empty()) drives_[i - 1] = Buffer<T>(hidden_ * width);
    kernels<T>().product({spread_.data(), stride, q.panels(), q.n_in(), q.n_out(), nullptr,
                          drives_[i - 1].data(), width, hidden_, Start::zero});
  }
  return true;
}

template <class T>
const T* LinearReadout<T>::drive(std::size_t layer, std::size_t j) const {
  const Buffer<T>& drives = drives_[layer - 1];
  return drives.data() + j * (drives.size() / hidden_);
}

template <class T>
void LinearReadout<T>::control_alone(const T* delta, std::size_t rows, T* u) const {
  rows_of(u, rows, outputs_) =
      inverse_->of(rows_of(delta, rows, outputs_).template cast<double>()).template cast<T>();
}

template <class T>
void LinearReadout<T>::add_hidden(const T* rho, std::size_t rows, T* u) const {
  rows_of(u, rows, outputs_).noalias() -=
      rows_of(rho, rows, hidden_) * rows_of(std::as_const(spread_).data(), hidden_, outputs_);
}

template class LinearReadout<float>;
template class LinearReadout<double>;

}  // namespace apical
