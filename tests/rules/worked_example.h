// A 2-3-2 network worked out by hand: relu hidden units, linear outputs, half the squared error, no biases.
//
//   x = (1, 2)      W1 = ( 1  0 )      v1 = (1, 2, −1)    r1 = (1, 2, 0)    φ' = (1, 1, 0)
//                        ( 0  1 )
//                        ( 1 −1 )
//   y = (0, 3)      W2 = ( 1  0  1 )   r2 = (1, 2)        ∂ℒ/∂r2 = (1, −1)
//                        ( 0  1  0 )
#pragma once

#include "network/toy.h"

namespace apical {

inline Toy worked_example() {
  Toy toy;
  toy.spec.units = {2, 3, 2};
  toy.spec.activations = {Activation::relu, Activation::linear};
  toy.spec.biases = false;
  toy.loss = Loss::half_squared_error;
  toy.batch = 1;
  toy.x = {1, 2};
  toy.y = {0, 3};
  toy.labels = {-1};
  return toy;
}

template <class T>
void set_worked_weights(Network<T>& network) {
  network.weights(1).set_values(Numbers{1, 0, 0, 1, 1, -1});
  network.weights(2).set_values(Numbers{1, 0, 1, 0, 1, 0});
  network.refresh_transposes();
}

}  // namespace apical
