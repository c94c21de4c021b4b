// How one sample's output moves with every voltage, and the smallest changes that move it as wanted: what
// Gauss-Newton, minimum-norm and the theory of controlled networks are made of. In double precision.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <vector>

#include "network/batch_state.h"
#include "network/matrix.h"

namespace apical {

// J = ∂r_L/∂v of single samples. Columns are the units of layers 1 … L, one layer after the other: N = Σ n_i.
// Holds a copy of the weights of layers 2 … L; cost per sample: n_L Σ n_i n_{i−1} multiplications.
template <class T>
class SampleJacobian {
 public:
  explicit SampleJacobian(const Network<T>& network);

  Eigen::Index outputs() const { return outputs_; }  // n_L
  Eigen::Index units() const { return first_unit_.back(); }
  std::size_t depth() const { return w_.size() - 1; }
  // The first column of a layer 1 … L, and how many it has.
  Eigen::Index first_unit(std::size_t layer) const { return first_unit_[layer - 1]; }
  Eigen::Index units(std::size_t layer) const { return first_unit_[layer] - first_unit_[layer - 1]; }

  // φ'(v⁻) of a sample, [N]. The slopes of `state` have to be there: it comes from Minibatch::assign.
  Eigen::VectorXd slopes(const BatchState<T>& state, std::size_t row) const;
  // J [n_L, N] where the slopes are these:  J_L = diag φ'(v_L),   J_i = J_{i+1} W_{i+1} diag φ'(v_i).
  RowMajor at(const Eigen::VectorXd& slopes) const;
  RowMajor at(const BatchState<T>& state, std::size_t row) const { return at(slopes(state, row)); }
  // What each unit's incoming weights see, [N]: ‖r_{i−1}⁻‖², and 1 more where layer i has biases.
  Eigen::VectorXd presynaptic_lengths(const BatchState<T>& state, std::size_t row) const;

 private:
  const Network<T>& network_;
  Eigen::Index outputs_;
  std::vector<Eigen::Index> first_unit_;  // of layers 1 … L, then N
  std::vector<RowMajor> w_;               // of layers 2 … L, under their number
};

// x = Jᵀ z [N, k],   z = (J C Jᵀ + γ I)⁻¹ e,   C = diag c;  γ = 0: the pseudo-inverse (singular values below
// 1e-15 N of the largest count as 0).      Meulemans et al. 2021, section 3 and supplement; their code's "gnt" and "gn"
//
//   c = 1                  minimum norm: x = J⁺ e is the smallest change of voltages with J x = e
//   c = ‖r_{i−1}‖² + [b]   Gauss-Newton: ΔW_i = x_i r_{i−1}ᵀ, Δb_i = x_i are J_W⁺ e, since
//                          J_W J_Wᵀ = Σ_i J_i J_iᵀ (‖r_{i−1}‖² + [b])
//
// e [n_L, k]: one column per error to be reached; c [N].
Eigen::MatrixXd least_norm(const RowMajor& jacobian, const Eigen::VectorXd& c, double damping,
                           const Eigen::MatrixXd& e);

extern template class SampleJacobian<float>;
extern template class SampleJacobian<double>;

}  // namespace apical
