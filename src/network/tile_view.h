// Rows of a minibatch's arrays as a tile sees them.
#pragma once

#include "network/tile_state.h"

namespace apical {

template <class T>
Activity<T> tile_rows(const TileState<T>& tile, Buffer<T>& array, std::size_t units) {
  const std::size_t stride = row_stride<T>(units);
  return {array.data() + tile.first_row * stride, tile.rows, units, stride};
}

// The feedforward point of a layer, for the rows of the tile.
template <class T>
BasePoint<T> base_point(const TileState<T>& tile, std::size_t layer, std::size_t units) {
  const std::size_t offset = tile.first_row * row_stride<T>(units);
  const BatchState<T>& batch = *tile.batch;
  return {batch.v[layer].data() + offset, batch.rate[layer].data() + offset,
          batch.slope[layer].data() + offset};
}

// An array of the tile's own, contents undefined.
template <class T>
Activity<T> scratch(TileState<T>& tile, std::size_t units) {
  const std::size_t stride = row_stride<T>(units);
  return {tile.arena->take(tile.rows * stride), tile.rows, units, stride};
}

// What the synapses of one layer see now: the controlled state where the tile has one, the feedforward point otherwise.
template <class T>
BasicSynapses<T> synapses_of(const TileState<T>& tile, const Network<T>& network, std::size_t layer);

extern template BasicSynapses<float> synapses_of(const TileState<float>&, const Network<float>&, std::size_t);
extern template BasicSynapses<double> synapses_of(const TileState<double>&, const Network<double>&,
                                                  std::size_t);

}  // namespace apical
