// The loops that a minibatch's samples were controlled through, linearised at their states.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <memory>
#include <variant>
#include <vector>

#include "network/batch_state.h"
#include "network/least_norm.h"
#include "probes/chained_loop.h"
#include "probes/stability.h"

namespace apical {

using Loop = std::variant<ControlLoop, ChainedLoop>;

// Spectral radius of the loop's Euler step.
double euler_radius(const Loop& loop, const ControlledDynamics& dynamics);
// Largest real part of A_PI, in 1/τ_u; not a number where the control comes down layer by layer, for which that matrix is not made.
double largest_real_part_pi(const Loop& loop, const ControlledDynamics& dynamics);

// The point of a sample that is looked at: where it ends was kept by assign (Minibatch::keep_controlled), or is its feedforward point.
enum class At { feedforward, controlled };

template <class T>
class SampleLoops {
 public:
  SampleLoops(const Network<T>& network, const BatchState<T>& state, const ControlledDynamics& dynamics);

  Loop of(std::size_t row, At at) const;

 private:
  struct Point {
    Eigen::VectorXd v, rate, slope;  // [N]
  };
  Point point(std::size_t row, At at) const;
  // E = −∂e/∂r_L [n_L, n_L]
  RowMajor error_slope(const Eigen::VectorXd& output) const;
  // The controls that can arise, one to a column [n_L, m]: all of them, or, since the errors of a softmax add up to 0, those that do too. What
  // the leak alone holds back would hide the others.
  RowMajor controls() const;
  // g = φ''/φ' ⊙ ψ [N], ψ the part of the voltages that does not come from below: the control, where the sample rests.
  Eigen::VectorXd gates(const Point& minus, const Point& point) const;

  const Network<T>& network_;
  const BatchState<T>& state_;
  ControlledDynamics dynamics_;
  std::vector<Eigen::Index> first_unit_;
  SampleJacobian<T> jacobian_;
  RowMajor controls_;
  RowMajor feedback_;                              // where the control is handed out
  std::shared_ptr<const ChainedWeights> chained_;  // where it comes down layer by layer
};

extern template class SampleLoops<float>;
extern template class SampleLoops<double>;

}  // namespace apical
