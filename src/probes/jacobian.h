// How the output moves with every voltage of the network.
#pragma once

#include <cstddef>
#include <vector>

#include "network/batch_state.h"

namespace apical {

// J = ∂r_L⁻/∂v at the feedforward point, for each sample of a minibatch. Columns are the units of layers 1 …
// L, one layer after the other.
struct OutputJacobian {
  std::size_t samples = 0, outputs = 0, units = 0;  // B, n_L, Σ n_i
  std::vector<double> values;                       // [B, n_L, Σ n_i]

  double at(std::size_t sample, std::size_t output, std::size_t unit) const {
    return values[(sample * outputs + output) * units + unit];
  }
};

// J_L = diag φ'(v_L⁻),   J_i = J_{i+1} W_{i+1} diag φ'(v_i⁻), in double precision.      Meulemans et al.
// 2021, section 3 The slopes of `state` have to be there: it comes from Minibatch::assign, not predict.
template <class T>
OutputJacobian output_jacobian(const Network<T>& network, const BatchState<T>& state);

}  // namespace apical
