// Whether a small push away from a rest point dies away, seen by taking the steps: the Euler scheme linearised there, from a push in all of its
// variables at once. For outputs too wide for Nyquist's criterion (loop_stability.h).
#pragma once

#include <cstddef>

#include "network/tile_state.h"

namespace apical {

template <class T>
class LinearisedSteps {
 public:
  // The tile is at the points to be judged. Takes 4 T steps at most.
  LinearisedSteps(const Network<T>& network, TileState<T>& tile, const PiController& controller,
                  const Settling& settling);

  // Whether that sample's push has become small in the end.
  bool faded(std::size_t row) const;

 private:
  struct Layer {
    T *slope, *d, *rate;           // φ', push of the soma, push of its rate     [rows, stride]
    T *basal, *feedback, *apical;  // W ρ, Q u, push of the apical voltage   [rows, stride]
  };
  void push();
  void move(std::size_t i, const T* u);
  // Looks how large every sample's push is; true if it is decided for all.
  bool look();

  const Network<T>& network_;
  TileState<T>& tile_;
  const Settling& settling_;
  std::size_t depth_, rows_, stride_;
  Layer* layer_;                    // 0 … L
  T *u_, *u_before_, *u_integral_;  // [rows, stride of L]
  double *size_, *largest_;         // of the push, now and at its largest   [rows]
};

extern template class LinearisedSteps<float>;
extern template class LinearisedSteps<double>;

}  // namespace apical
