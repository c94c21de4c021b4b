// The loop of a network in which the control comes down from layer to layer (Drive::inversion, Drive::energy), linearised at one sample's state:
// whether its Euler scheme returns there.
//
// With S = diag φ', v_i and ψ_i the pushes of soma and apical voltage, ψ_i* the control at the state and g_i = φ''(v_i)/φ'(v_i) ⊙ ψ_i*, which
// says how a neuron's own gate moves with it:
//
//   e = −E S_L v_L,   u from the controller,   v_i^ff = W_i S_{i−1} v_{i−1}
//   drive_i = S_i B_i ψ_{i+1} + g_i ⊙ v_i  (inversion)   or   S_i B_i (v_{i+1} − v_{i+1}^ff) + g_i ⊙ v_i  (energy),   at the output S_L u + g_L ⊙ v_L
//   ψ_i ← ψ_i + k_a (drive_i − ψ_i),   v_i ← v_i + k_v (v_i^ff + ψ_i − v_i)
//
// Unlike that of ControlLoop it cannot be reduced to n_L numbers a layer: the gates couple every neuron to its own state.
#pragma once

#include <Eigen/Core>
#include <memory>
#include <vector>

#include "network/matrix.h"
#include "probes/eigenvalues.h"

namespace apical {

struct ControlledDynamics;

// The weights that a loop is closed through, the same for all samples.
struct ChainedWeights {
  std::vector<RowMajor> forward;  // under i−1: W_i of layers 2 … L; that of the first layer is not read
  std::vector<RowMajor> down;     // under i−1: B_i from layer i+1 to layer i, for layers 1 … L−1
};

class ChainedLoop {
 public:
  // slope, gate: φ' and g of every layer, one after the other [N]; first_unit: the first unit of each layer 1 … L, then N. The control
  // has m numbers: error [m, n_L] is E in their coordinates, spread [n_L, m] what they are at the outputs.
  ChainedLoop(std::shared_ptr<const ChainedWeights> weights, std::vector<Eigen::Index> first_unit,
              Eigen::VectorXd slope, Eigen::VectorXd gate, RowMajor error, RowMajor spread);

  // Spectral radius of the Euler step: pushes grow by this factor a step. Below 1: stable.
  double euler(const ControlledDynamics& d) const;
  // As a map of v, ψ, v^ff (N each), u_int and u (m each).
  LinearMap euler_step(const ControlledDynamics& d) const;

 private:
  std::shared_ptr<const ChainedWeights> weights_;
  std::vector<Eigen::Index> first_unit_;
  Eigen::VectorXd slope_, gate_;
  RowMajor error_, spread_;
};

}  // namespace apical
