// Noise of one layer of a tile, keyed so that it depends on nothing but seed, pass, epoch, sample, step and unit.
#pragma once

#include "apical/network.h"
#include "network/tile_state.h"

namespace apical {

// Standard normal numbers that enter state step+1 of a layer: out [rows, stride], from the tile's noise port if it has one.
template <class T>
void draw_noise(const TileState<T>& tile, const Network<T>& network, std::size_t layer, std::int64_t step,
                T* out);

}  // namespace apical
