// One linear unit upon another, x = 2 and y = 10: small enough to be worked out by hand.
#pragma once

#include "network/toy.h"

namespace apical {

inline Toy two_linear_units() {
  Toy toy = make_toy({.units = {1, 1, 1},
                      .hidden = Activation::linear,
                      .loss = Loss::half_squared_error,
                      .batch = 1,
                      .biases = false,
                      .regression = true});
  toy.x = {2};
  toy.y = {10};
  return toy;
}

}  // namespace apical
