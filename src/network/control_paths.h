// How the output of a network answers to the control, separately for the layers at which the control enters.
//
//   C_1 = S_L Q_L,   C_2 = S_L W_L S_{L−1} Q_{L−1},   …,   C_L = S_L W_L … S_1 Q_1,   Σ_k C_k = J Q = dr_L/du   [n_L, n_L] per sample
//
// S_i = diag(φ') at the state that is looked at. A control that enters k layers from the top is late by k neurons: with the C_k alone the time
// course of the loop is known.
//
// All begin at the output, so they are had in one sweep from there, D_L = S_L, D_{i−1} = S_{i−1} W_iᵀ D_i, C_{L−i+1} = D_iᵀ Q_i, with the outputs of
// all samples side by side: lane j · samples + s is output j of sample s. In that order the panels of the weights are read as they lie, as rows
// of presynaptic units, and no matrix is transposed.
#pragma once

#include <array>
#include <cstddef>

#include "apical/network.h"
#include "core/arena.h"
#include "kernels/panels.h"

namespace apical {

template <class T>
class ControlPaths {
 public:
  // Samples that are worked on together, at most.
  static constexpr std::size_t kMost = 16;

  // Takes its memory from the arena.
  ControlPaths(const Network<T>& network, Arena<T>& arena);

  // slope[i]: φ' of layer i [samples, row stride]; index 0 is not read.   samples: 1 … kMost
  void form(const T* const* slope, std::size_t samples);
  // C_k[output][control] of `count` samples from `first` on, k = 1 … L.
  void copy(std::size_t k, std::size_t output, std::size_t control, std::size_t first, std::size_t count,
            double* to) const;

 private:
  std::size_t lanes() const { return outputs_ * samples_; }
  // out[presynaptic unit][lane] = Σ w[postsynaptic unit][presynaptic unit] d[postsynaptic unit][lane]; d and out in panels of lanes.
  void carry_down(const WeightMatrix<T>& w, const T* d, T* out) const;
  void scale(const T* slope, std::size_t units, T* d);

  const Network<T>& network_;
  std::size_t depth_, outputs_, samples_ = 0;
  std::array<T*, 2> d_{};  // D of a layer and of the one above    panels [lanes, n_i]
  T* c_;                   // [L], panels [lanes, n_L]
  T* spread_;              // slopes of a layer, by lane            [n_i, spread_width]
};

extern template class ControlPaths<float>;
extern template class ControlPaths<double>;

}  // namespace apical
