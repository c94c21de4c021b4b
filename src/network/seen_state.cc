#include "network/seen_state.h"

#include <cstring>

#include "kernels/kernels.h"
#include "network/tile_view.h"

namespace apical {

template <class T>
void keep_final_rates(const Network<T>& network, TileState<T>& tile) {
  for (std::size_t i = 1; i <= network.depth(); ++i) {
    const BasePoint<T> minus = base_point(tile, i, network.units(i));
    const SettlingLayer<T>& layer = tile.layer[i];
    const std::size_t count = tile.rows * layer.stride;
    if (i > 1) {
      kernels<T>().activation_difference(network.spec().activation_of(i), minus.v, minus.rate, minus.slope,
                                         layer.v_ff, layer.rate_deviation_ff, count);
    }
    const T* seen = layer.slow_rate_deviation != nullptr ? layer.slow_rate_deviation : layer.rate_deviation;
    T* rate = tile.ring_rate(i);
    for (std::size_t k = 0; k < count; ++k) rate[k] = minus.rate[k] + seen[k];
    silence_left_out(tile, i);
  }
}

template <class T>
void renew_basal(const Network<T>& network, TileState<T>& tile) {
  for (std::size_t i = 2; i <= network.depth(); ++i) {
    SettlingLayer<T>& layer = tile.layer[i];
    const BasePoint<T> minus = base_point(tile, i, network.units(i));
    const std::size_t count = tile.rows * layer.stride;
    const SettlingLayer<T>& below = tile.layer[i - 1];
    Product<T> basal = tile.euler[i].basal;
    basal.a = below.slow_rate_deviation != nullptr ? below.slow_rate_deviation : below.rate_deviation;
    basal.c = layer.renewed_v_ff;
    basal.first_panel = 0;
    basal.panels = panel_count<T>(basal.n_out);
    kernels<T>().product(basal);
    const auto difference = [&](const T* d, T* out) {
      kernels<T>().activation_difference(network.spec().activation_of(i), minus.v, minus.rate, minus.slope, d,
                                         out, count);
    };
    difference(layer.renewed_v_ff, layer.rate_deviation_ff);
    for (std::size_t k = 0; k < count; ++k)
      layer.renewed_v[k] = layer.renewed_v_ff[k] + (layer.v[k] - layer.v_ff[k]);
    difference(layer.renewed_v, layer.renewed_rate_deviation);
  }
}

template <class T>
void silence_left_out(const TileState<T>& tile, std::size_t layer) {
  if (tile.left_out == nullptr) return;
  const std::size_t stride = tile.layer[layer].stride;
  for (std::size_t row = 0; row < tile.rows; ++row) {
    if (tile.left_out[row]) std::memset(tile.ring_rate(layer) + row * stride, 0, stride * sizeof(T));
  }
}

template void keep_final_rates(const Network<float>&, TileState<float>&);
template void keep_final_rates(const Network<double>&, TileState<double>&);
template void renew_basal(const Network<float>&, TileState<float>&);
template void renew_basal(const Network<double>&, TileState<double>&);
template void silence_left_out(const TileState<float>&, std::size_t);
template void silence_left_out(const TileState<double>&, std::size_t);

}  // namespace apical
