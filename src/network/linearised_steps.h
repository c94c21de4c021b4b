// Whether a small push away from a rest point dies away, seen by taking the steps: the Euler scheme linearised there, from a push in all of its
// variables at once. For outputs too wide for Nyquist's criterion (loop_stability.h).
#pragma once

#include <cstddef>

#include "network/linearised_step.h"

namespace apical {

template <class T>
class LinearisedSteps {
 public:
  // The tile is at the points to be judged. Takes 4 T steps at most.
  LinearisedSteps(const Network<T>& network, TileState<T>& tile, LawFunction<T> law,
                  const PiController& controller, const Settling& settling);

  // Whether that sample's push has become small in the end.
  bool faded(std::size_t row) const;

 private:
  void push();
  // Looks how large every sample's push is; true if it is decided for all.
  bool look();

  const Network<T>& network_;
  LinearisedStep<T> step_;
  std::size_t rows_, stride_;
  double *size_, *largest_;  // of the push, now and at its largest   [rows]
};

extern template class LinearisedSteps<float>;
extern template class LinearisedSteps<double>;

}  // namespace apical
