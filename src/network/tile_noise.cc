#include "network/tile_noise.h"

#include <span>

namespace apical {

template <class T>
void draw_noise(const TileState<T>& tile, const Network<T>& network, std::size_t layer, std::int64_t step,
                T* out) {
  const std::size_t stride = row_stride<T>(network.units(layer));
  if (tile.noise_port != nullptr) {
    tile.noise_port->fill(step, layer, tile.first_row, tile.rows, stride, out);
    return;
  }
  // units of all layers share one numbering; each layer starts at a multiple of 64
  std::size_t first_unit = 0;
  for (std::size_t below = 1; below < layer; ++below) first_unit += (network.units(below) + 63) / 64 * 64;
  const std::span<const std::uint32_t> samples(tile.batch->sample.data() + tile.first_row, tile.rows);
  kernels<T>().normal({tile.noise_key, samples, static_cast<std::uint32_t>(step),
                       static_cast<std::uint32_t>(first_unit), network.units(layer), out, stride});
}

template void draw_noise(const TileState<float>&, const Network<float>&, std::size_t, std::int64_t, float*);
template void draw_noise(const TileState<double>&, const Network<double>&, std::size_t, std::int64_t,
                         double*);

}  // namespace apical
