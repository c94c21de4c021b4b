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
  // ∂r_top/∂v [n_top, Σ_{i ≤ top} n_i] where the slopes are these:
  //   J_top = diag φ'(v_top),   J_i = J_{i+1} W_{i+1} diag φ'(v_i).
  RowMajor of_layer(std::size_t top, const Eigen::VectorXd& slopes) const;
  // J [n_L, N].
  RowMajor at(const Eigen::VectorXd& slopes) const { return of_layer(depth(), slopes); }
  RowMajor at(const BatchState<T>& state, std::size_t row) const { return at(slopes(state, row)); }
  // What each unit's incoming weights see, [N]: ‖r_{i−1}⁻‖², and 1 more where layer i has biases.
  Eigen::VectorXd presynaptic_lengths(const BatchState<T>& state, std::size_t row) const;
  const RowMajor& weights(std::size_t layer) const { return w_[layer]; }  // of layers 2 … L

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

// least_norm() of single samples of a network, one error each. Where the output is linear and wider than the layer
// below it, J = [W_L K, I] with K = ∂r_{L−1}/∂v of the hidden layers, and n_{L−1} unknowns take the place of n_L:
//
//   G = K C Kᵀ,   (ε I + W_Lᵀ W_L G) q = W_Lᵀ e,   ε = c_L + γ
//   x = Kᵀ q in the hidden layers,   x_L = z = (e − W_L K C x) / ε
template <class T>
class LeastNormSteps {
 public:
  explicit LeastNormSteps(const Network<T>& network);

  const SampleJacobian<T>& jacobian() const { return jacobian_; }
  // x [N]; e [n_L]; c [N], the same for all units of a layer.
  Eigen::VectorXd of(const BatchState<T>& state, std::size_t row, const Eigen::VectorXd& c, double damping,
                     const Eigen::VectorXd& e) const;

 private:
  SampleJacobian<T> jacobian_;
  RowMajor overlap_;  // W_Lᵀ W_L; empty where the output does not allow it
};

extern template class SampleJacobian<float>;
extern template class SampleJacobian<double>;
extern template class LeastNormSteps<float>;
extern template class LeastNormSteps<double>;

}  // namespace apical
