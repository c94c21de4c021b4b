// Whether a controlled network settles: the eigenvalues of its linearised dynamics.
//
// Meulemans et al. 2021, Condition 3 and supplement; names of the matrices as in the authors' code. With Ĵ the
// strictly block-lower matrix W_i diag φ'(v_{i−1}), a = (I − Ĵ)/τ_v and J_L⁰ = [0 … 0 J_L]:
//
//   A~_I   = [[−a, Q/τ_v], [−J_L⁰, −α I]]                    integral control
//   A_I    = [[−a, a Q], [−J, −α I]]                         the same in other coordinates, so the same eigenvalues
//   A_inst = −(J Q + α I)                                    the network follows the control at once: Condition 3
//   A_PI   = [[−a, a Q], [−J + (k_p/τ_v) J_L⁰, −(α I + (k_p/τ_v) J_L Q_L)]]      with proportional control
//
// Where the error passes through a softmax, or the controller's gain k_i is not 1, J is that of the error: E J, with E = −∂e/∂r_L, and k_i E J.
//
// Every path from the control to the output through k layers is the matrix M_k = J_{L−k+1} Q_{L−k+1} behind k
// equal low-pass filters. The eigenvalues are therefore those of a loop of n_L (L + 1) states, however wide the
// hidden layers are, and −1/τ_v for what the control cannot reach: an eigenvalue below −1/τ_v is reported as that.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "network/least_norm.h"
#include "probes/dynamics.h"
#include "probes/eigenvalues.h"

namespace apical {

// The loop of one sample at one state.
class ControlLoop {
 public:
  // J [n_L, N] of the sample's error; Q [N, n_L]; the first row of each layer 1 … L, then N.
  ControlLoop(const RowMajor& jacobian, const RowMajor& feedback,
              const std::vector<Eigen::Index>& first_unit);

  Eigen::Index outputs() const { return path_.front().rows(); }
  // Largest real part of the eigenvalues, in 1/τ_u.
  double a_tilde_i(const ControlledDynamics& d) const { return largest_real_part(integral(d)); }
  double a_i(const ControlledDynamics& d) const { return largest_real_part(integral(d)); }
  double a_inst(const ControlledDynamics& d) const;
  double a_pi(const ControlledDynamics& d) const { return largest_real_part(proportional_integral(d)); }
  // Spectral radius of the Euler step that the engine makes, with its order of updates, apical filter, transmission
  // and proactive control: deviations grow by this factor a step. Below 1: stable.
  double euler(const ControlledDynamics& d) const { return spectral_radius(euler_step(d)); }

  // As maps of the states h_1 … h_L, u (integral, PI) and h_1 … h_L, apical, u_int, u (Euler step), n_L each.
  LinearMap integral(const ControlledDynamics& d) const;
  LinearMap proportional_integral(const ControlledDynamics& d) const;
  LinearMap euler_step(const ControlledDynamics& d) const;

 private:
  Eigen::VectorXd output(const Eigen::VectorXd& states) const;  // Σ M_k h_k

  std::vector<Eigen::MatrixXd> path_;  // M_1 … M_L, [n_L, n_L]
};

// Q of all layers, one below the other [N, n_L]; the identity for an output that takes the control as it is.
template <class T>
RowMajor stacked_feedback(const Network<T>& network);

// The first unit of each layer 1 … L among all, then their number.
template <class T>
std::vector<Eigen::Index> first_units(const Network<T>& network);

}  // namespace apical
