// How the output of a network answers to the control, at the feedforward point: J Q = dr_L⁻/du [n_L, n_L] of each sample.
//
// Built forwards, M_i = φ'(v_i⁻) ⊙ (W_i M_{i−1} + Q_i), so that no forward weight is transposed.
#pragma once

#include <array>
#include <cstddef>

#include "network/tile_state.h"

namespace apical {

template <class T>
class ControlJacobian {
 public:
  // Takes its memory from the tile's arena.
  ControlJacobian(const Network<T>& network, TileState<T>& tile);

  // Samples of the tile that are worked on together: all of them, fewer where the output is wide.
  std::size_t at_once() const { return at_once_; }
  std::size_t samples() const { return samples_; }
  // For the samples of the tile from `first` on: at_once() of them, or those that are left.
  void form(std::size_t first);
  // (J Q)[output][control] of one of those samples.
  T at(std::size_t sample, std::size_t output, std::size_t control) const {
    return m_[(control * samples_ + sample) * output_stride_ + output];
  }
  // u = (J Q + leak I)⁻¹ δ for those samples; delta and u are the tile's arrays [rows, stride of L].
  void solve(double leak, const T* delta, T* u) const;

 private:
  void solve_together(double leak, const T* delta, T* u) const;
  void solve_one_by_one(double leak, const T* delta, T* u) const;

  const Network<T>& network_;
  TileState<T>& tile_;
  std::size_t outputs_, output_stride_, at_once_;
  std::size_t first_ = 0, samples_ = 0;
  std::array<T*, 2> layers_;  // M of a layer and of the one below   [n_L, samples, stride]
  T* feedback_row_;           // a column of Q_i, as a row            [padded(n_i)]
  const T* m_ = nullptr;      // M_L
  double *system_,
      *unknowns_;  // [n_L, n_L, kSystems], [n_L, kSystems]; of the arena, where a few outputs are solved together
};

extern template class ControlJacobian<float>;
extern template class ControlJacobian<double>;

}  // namespace apical
