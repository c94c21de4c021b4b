// The steady control of a network whose output is linear and wider than the layer below it.
//
//   r_L − r_L⁻ = W_L ρ + Q_L u with ρ = M u, the last hidden layer's answer: with A = Q_L + leak I the steady state is
//   A u + W_L ρ = δ,   u = A⁻¹ (δ − W_L ρ),   (I + M A⁻¹ W_L) ρ = M A⁻¹ δ.
//
// So n_{L−1} unknowns for each sample instead of n_L, and M A⁻¹ W_L is the answer to n_{L−1} drives, D_i = Q_i A⁻¹ W_L, that all samples share.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "apical/network.h"
#include "core/buffer.h"

namespace apical {

// What the samples of a minibatch share.
template <class T>
class LinearReadout {
 public:
  LinearReadout();
  ~LinearReadout();

  // Whether a network's control is found this way.
  static bool serves(const Network<T>& network);

  // Weights have moved.
  void forget() { leak_ = -1; }
  // Made ready by the first tile that asks; the others wait. False where A cannot be inverted.
  bool prepare(const Network<T>& network, double leak);

  // D_i of drive j, [padded(n_i)].
  const T* drive(std::size_t layer, std::size_t j) const;
  // D_i, as the panels of a weight matrix [n_i, n_{L−1}].
  const T* panels(std::size_t layer) const { return drive_panels_[layer - 1].data(); }
  // u = A⁻¹ δ for `rows` rows, stride of L.
  void control_alone(const T* delta, std::size_t rows, T* u) const;
  // u −= A⁻¹ W_L ρ for `rows` rows.
  void add_hidden(const T* rho, std::size_t rows, T* u) const;

  std::size_t bytes() const {
    return spread_.bytes() + panels_.bytes() + total_bytes(drives_) + total_bytes(drive_panels_);
  }

 private:
  struct Factors;  // of A

  // A from the output's own feedback; false where it cannot be inverted.
  bool invert(const WeightMatrix<T>& feedback, double leak);
  // (A⁻¹ W_L)ᵀ, and its negative as the panels of a weight matrix.
  void spread(const WeightMatrix<T>& w);

  std::mutex mutex_;
  double leak_ = -1;  // of the last prepare(); −1: none
  bool regular_ = false;
  std::size_t outputs_ = 0, hidden_ = 0;  // n_L, n_{L−1}
  std::vector<double> inverse_;           // of A's diagonal, where it has nothing else
  std::unique_ptr<Factors> factors_;      // otherwise
  Buffer<T> spread_;                      // (A⁻¹ W_L)ᵀ                [n_{L−1}, stride of L]
  Buffer<T> panels_;                      // −A⁻¹ W_L, as the panels of a weight matrix
  std::vector<Buffer<T>> drives_;  // D_iᵀ = (Q_i A⁻¹ W_L)ᵀ, by layer−1   [n_{L−1}, stride of i]
  std::vector<Buffer<T>> drive_panels_;  // D_i
};

extern template class LinearReadout<float>;
extern template class LinearReadout<double>;

}  // namespace apical
