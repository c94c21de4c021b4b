// A settled state as plasticity sees it: absolute rates, and a basal voltage that is formed anew where the authors' code does so.
#pragma once

#include <cstddef>

#include "network/tile_state.h"

namespace apical {

// Absolute rates of the last state, and the basal voltages'.
template <class T>
void keep_final_rates(const Network<T>& network, TileState<T>& tile);

// Soma and basal as the authors' code presents them to the plasticity: their difference is the state's, the basal voltage is that of the rates
// below at the same state, or of their slow part where plasticity sees only that.
template <class T>
void renew_basal(const Network<T>& network, TileState<T>& tile);

// A sample that is left out may have diverged: its rates must not reach an outer product, where 0 · ∞ is not 0.
template <class T>
void silence_left_out(const TileState<T>& tile, std::size_t layer);

}  // namespace apical
