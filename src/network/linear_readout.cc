#include "network/linear_readout.h"

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/kernels.h"
#include "network/control_response.h"
#include "network/diagonal.h"
#include "network/matrix.h"
#include "network/rows_to_panels.h"

namespace apical {
namespace {

// Reciprocal condition below which A counts as singular.
constexpr double kSingular = 1e-8;

}  // namespace

template <class T>
struct LinearReadout<T>::Factors {
  explicit Factors(const RowMajor& a) : lu(a) {}
  Eigen::PartialPivLU<Eigen::MatrixXd> lu;
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
  regular_ = invert(network.weights("feedback", depth), leak);
  if (!regular_) return false;
  spread(network.weights(depth));
  const std::size_t stride = row_stride<T>(outputs_);
  drives_.resize(depth - 1);
  drive_panels_.resize(depth - 1);
  for (std::size_t i = 1; i < depth; ++i) {
    const auto& q = network.weights("feedback", i);
    const std::size_t width = row_stride<T>(q.n_out());
    if (drives_[i - 1].empty()) {
      drives_[i - 1] = Buffer<T>(hidden_ * width);
      drive_panels_[i - 1] = Buffer<T>(panel_size<T>(q.n_out(), hidden_));
    }
    kernels<T>().product({spread_.data(), stride, q.panels(), q.n_in(), q.n_out(), nullptr,
                          drives_[i - 1].data(), width, hidden_, Start::zero});
    rows_to_panels(drives_[i - 1].data(), q.n_out(), hidden_, drive_panels_[i - 1].data());
  }
  return true;
}

// Feedback of the output is mostly the identity or nothing but a diagonal: then nothing is factored, and nothing allocated.
template <class T>
bool LinearReadout<T>::invert(const WeightMatrix<T>& feedback, double leak) {
  factors_ = nullptr;
  if (!is_diagonal(feedback)) {
    RowMajor a = as_matrix(feedback);
    a.diagonal().array() += leak;
    factors_ = std::make_unique<Factors>(a);
    return factors_->lu.rcond() > kSingular;
  }
  inverse_.resize(outputs_);
  double least = std::numeric_limits<double>::infinity(), most = 0;
  for (std::size_t j = 0; j < outputs_; ++j) {
    const double a = feedback.get(j, j) + leak;
    least = std::min(least, std::abs(a)), most = std::max(most, std::abs(a));
    inverse_[j] = 1 / a;
  }
  return least > kSingular * most;
}

template <class T>
void LinearReadout<T>::spread(const WeightMatrix<T>& w) {
  const std::size_t stride = row_stride<T>(outputs_);
  if (spread_.empty()) {
    spread_ = Buffer<T>(hidden_ * stride);
    panels_ = Buffer<T>(panel_size<T>(outputs_, hidden_));
  }
  Eigen::MatrixXd solved;
  if (factors_ != nullptr) solved = factors_->lu.solve(Eigen::MatrixXd(as_matrix(w)));
  for (std::size_t out = 0; out < outputs_; ++out) {
    for (std::size_t in = 0; in < hidden_; ++in) {
      const double value = factors_ == nullptr
                               ? inverse_[out] * w.get(out, in)
                               : solved(static_cast<Eigen::Index>(out), static_cast<Eigen::Index>(in));
      spread_[in * stride + out] = static_cast<T>(value);
      panels_[panel_index<T>(outputs_, hidden_, out, in)] = static_cast<T>(-value);
    }
  }
}

template <class T>
const T* LinearReadout<T>::drive(std::size_t layer, std::size_t j) const {
  const Buffer<T>& drives = drives_[layer - 1];
  return drives.data() + j * (drives.size() / hidden_);
}

template <class T>
void LinearReadout<T>::control_alone(const T* delta, std::size_t rows, T* u) const {
  const std::size_t stride = row_stride<T>(outputs_);
  for (std::size_t row = 0; row < rows; ++row, delta += stride, u += stride) {
    if (factors_ == nullptr) {
      for (std::size_t j = 0; j < outputs_; ++j)
        u[j] = static_cast<T>(static_cast<double>(delta[j]) * inverse_[j]);
    } else {
      const auto n = static_cast<Eigen::Index>(outputs_);
      const Eigen::Map<const Eigen::VectorX<T>> given(delta, n);
      Eigen::Map<Eigen::VectorX<T>>(u, n) =
          factors_->lu.solve(given.template cast<double>()).template cast<T>();
    }
  }
}

template <class T>
void LinearReadout<T>::add_hidden(const T* rho, std::size_t rows, T* u) const {
  kernels<T>().product({rho, row_stride<T>(hidden_), panels_.data(), hidden_, outputs_, nullptr, u,
                        row_stride<T>(outputs_), rows, Start::keep});
}

template class LinearReadout<float>;
template class LinearReadout<double>;

}  // namespace apical
