// The steady control of a tile by way of the last hidden layer, where the output is linear and wider (linear_readout.h).
#pragma once

#include "network/tile_state.h"

namespace apical {

// Writes tile.u from tile.target_deviation; the minibatch's readout is ready.
template <class T>
void solve_for_last_hidden(const Network<T>& network, TileState<T>& tile);

extern template void solve_for_last_hidden(const Network<float>&, TileState<float>&);
extern template void solve_for_last_hidden(const Network<double>&, TileState<double>&);

}  // namespace apical
