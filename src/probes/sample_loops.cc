#include "probes/sample_loops.h"

#include <Eigen/QR>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "kernels/kernels.h"

namespace apical {
namespace {

// d ln φ'/dv where φ(v) = rate and φ'(v) = slope.
double slope_growth(Activation activation, double rate, double slope) {
  switch (activation) {
    case Activation::tanh:
    case Activation::tanh_fast:
      return -2 * rate;
    case Activation::sigmoid:
    case Activation::sigmoid_fast:
      return 1 - 2 * rate;
    case Activation::softplus:
      return 1 - slope;
    case Activation::linear:
    case Activation::relu:
    case Activation::leaky_relu:
      break;
  }
  return 0;
}

}  // namespace

double euler_radius(const Loop& loop, const ControlledDynamics& dynamics) {
  return std::visit([&](const auto& one) { return one.euler(dynamics); }, loop);
}

double largest_real_part_pi(const Loop& loop, const ControlledDynamics& dynamics) {
  const auto* direct = std::get_if<ControlLoop>(&loop);
  return direct != nullptr ? direct->a_pi(dynamics) : std::numeric_limits<double>::quiet_NaN();
}

template <class T>
SampleLoops<T>::SampleLoops(const Network<T>& network, const BatchState<T>& state,
                            const ControlledDynamics& dynamics)
    : network_(network),
      state_(state),
      dynamics_(dynamics),
      first_unit_(first_units(network)),
      jacobian_(network),
      controls_(controls()) {
  if (dynamics.settling.drive == Drive::control) {
    feedback_ = stacked_feedback(network) * controls_;
    return;
  }
  const bool transports = std::string_view(dynamics.settling.through) == "forward";
  auto weights = std::make_shared<ChainedWeights>();
  for (std::size_t i = 1; i <= network.depth(); ++i) {
    weights->forward.push_back(as_matrix(network.weights(i)));
    if (i < network.depth())
      weights->down.push_back(transports ? RowMajor(as_matrix(network.weights(i + 1)).transpose())
                                         : as_matrix(network.weights(dynamics.settling.through, i)));
  }
  chained_ = std::move(weights);
}

template <class T>
typename SampleLoops<T>::Point SampleLoops<T>::point(std::size_t row, At at) const {
  const bool kept = at == At::controlled && !state_.controlled_v.empty() && state_.controlled[row] != 0;
  const Eigen::Index units = first_unit_.back();
  Point point{.v = Eigen::VectorXd(units), .rate = Eigen::VectorXd(units), .slope = Eigen::VectorXd(units)};
  for (std::size_t i = 1; i <= network_.depth(); ++i) {
    const std::size_t n = network_.units(i), from = row * row_stride<T>(n);
    const Eigen::Index to = first_unit_[i - 1];
    for (std::size_t unit = 0; unit < n; ++unit) {
      point.v[to + static_cast<Eigen::Index>(unit)] =
          static_cast<double>(state_.v[i][from + unit]) +
          (kept ? static_cast<double>(state_.controlled_v[i][from + unit]) : 0.0);
    }
    kernels<double>().activate(network_.spec().activation_of(i), point.v.data() + to, point.rate.data() + to,
                               point.slope.data() + to, n);
  }
  return point;
}

template <class T>
RowMajor SampleLoops<T>::error_slope(const Eigen::VectorXd& output) const {
  const Eigen::Index n = output.size();
  if (!dynamics_.softmax) return dynamics_.gain * RowMajor::Identity(n, n);
  Eigen::VectorXd said = (output.array() - output.maxCoeff()).exp();
  said /= said.sum();
  return dynamics_.gain * (RowMajor(said.asDiagonal()) - said * said.transpose());
}

template <class T>
RowMajor SampleLoops<T>::controls() const {
  const auto n = static_cast<Eigen::Index>(network_.units(network_.depth()));
  if (!dynamics_.softmax || n == 1) return RowMajor::Identity(n, n);
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(Eigen::MatrixXd::Ones(n, 1));
  const Eigen::MatrixXd axes = qr.householderQ();
  return axes.rightCols(n - 1);
}

template <class T>
Eigen::VectorXd SampleLoops<T>::gates(const Point& minus, const Point& point) const {
  Eigen::VectorXd gates = point.v - minus.v;
  for (std::size_t i = 1; i <= network_.depth(); ++i) {
    const Eigen::Index first = first_unit_[i - 1], size = first_unit_[i] - first;
    if (i > 1) {
      const Eigen::Index below = first_unit_[i - 2], count = first - below;
      gates.segment(first, size) -=
          chained_->forward[i - 1] * (point.rate - minus.rate).segment(below, count);
    }
    const Activation activation = network_.spec().activation_of(i);
    for (Eigen::Index unit = first; unit < first + size; ++unit)
      gates[unit] *= slope_growth(activation, point.rate[unit], point.slope[unit]);
  }
  return gates;
}

template <class T>
Loop SampleLoops<T>::of(std::size_t row, At at) const {
  const Point here = point(row, at);
  const RowMajor error =
      controls_.transpose() *
      error_slope(here.rate.tail(first_unit_.back() - first_unit_[first_unit_.size() - 2]));
  if (dynamics_.settling.drive == Drive::control)
    return ControlLoop(error * jacobian_.at(here.slope), feedback_, first_unit_);
  return ChainedLoop(chained_, first_unit_, here.slope, gates(point(row, At::feedforward), here), error,
                     controls_);
}

template class SampleLoops<float>;
template class SampleLoops<double>;

}  // namespace apical
