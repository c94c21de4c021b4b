// The wide linear output of a tile in the coordinates that its target and the layer below can move: the columns of U (narrow_network.h), and for each
// sample one more, for what is left of its target.
//
//   δ = U a + σ q,   x = U x' + s q,   ‖q‖ = 1, or q = 0 where nothing is left
#pragma once

#include <cstddef>

#include "network/narrow_network.h"
#include "network/tile_state.h"

namespace apical {

template <class T>
class OutputSpan {
 public:
  // target: δ = r* − r_L⁻ [rows, stride of L]. The narrow network is ready.
  OutputSpan(const Network<T>& network, const TileState<T>& tile, const T* target);

  const Network<T>& network() const { return narrow_.network(); }
  std::size_t units() const { return units_; }  // coordinates: n_{L−1} + 2, without biases n_{L−1} + 1
  const T* target() const { return target_; }   // (a σ) [rows, stride of units]
  T own_feedback() const { return own_; }       // c, where Q_L = c I
  // feedback += Q_i q s for hidden layer i: what the narrow network's own weights leave out of Q_i u. u [rows, stride of units].
  void add_rest(std::size_t i, const T* u, T* feedback) const;
  // x from x'.
  void widen(const T* narrow, T* wide) const;

 private:
  const NarrowNetwork<T>& narrow_;
  std::size_t rows_, outputs_, units_, stride_;
  T own_;
  T *target_, *rest_;  // the latter q                      [rows, stride of L]
  T** driven_;         // by layer: Q_i q                   [rows, stride of i]
};

extern template class OutputSpan<float>;
extern template class OutputSpan<double>;

}  // namespace apical
