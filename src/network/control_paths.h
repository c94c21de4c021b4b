// How the output of a network answers to the control, separately for the layers at which the control enters.
//
//   C_1 = S_L Q_L,   C_2 = S_L W_L S_{L−1} Q_{L−1},   …,   C_L = S_L W_L … S_1 Q_1,   Σ_k C_k = J Q = dr_L/du   [n_L, n_L] per sample
//
// S_i = diag(φ') at the state that is looked at. A control that enters k layers from the top is late by k neurons: with the C_k alone the time
// course of the loop is known. Built forwards, so that no forward weight is transposed.
#pragma once

#include <array>
#include <cstddef>

#include "apical/network.h"
#include "core/arena.h"

namespace apical {

template <class T>
class ControlPaths {
 public:
  // Samples that are worked on together.
  static constexpr std::size_t kLanes = 8;

  // Takes its memory from the arena.
  ControlPaths(const Network<T>& network, Arena<T>& arena);

  // slope[i]: φ' of layer i [samples, row stride]; index 0 is not read.   samples: 1 … kLanes
  void form(const T* const* slope, std::size_t samples);
  // C_k[output][control] of a sample, k = 1 … L.
  T at(std::size_t sample, std::size_t k, std::size_t output, std::size_t control) const {
    return m_[(((depth_ - k) * outputs_ + control) * samples_ + sample) * output_stride_ + output];
  }

  // (J Q)[output][control] of a sample.
  double sum(std::size_t sample, std::size_t output, std::size_t control) const {
    double sum = 0;
    for (std::size_t k = 1; k <= depth_; ++k) sum += static_cast<double>(at(sample, k, output, control));
    return sum;
  }

 private:
  const Network<T>& network_;
  std::size_t depth_, outputs_, output_stride_;
  std::size_t samples_ = 0;
  // ∂r_i/∂u of a layer and of the one below, by the layer at which u enters   [i, n_L, samples, stride]
  std::array<T*, 2> layers_{};
  T* feedback_row_;  // a column of Q_i, as a row   [padded(n_i)]
  const T* m_ = nullptr;
};

extern template class ControlPaths<float>;
extern template class ControlPaths<double>;

}  // namespace apical
