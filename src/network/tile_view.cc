#include "network/tile_view.h"

namespace apical {

template <class T>
BasicSynapses<T> synapses_of(const TileState<T>& tile, const Network<T>& network, std::size_t layer) {
  BasicSynapses<T> s;
  s.layer = layer;
  s.depth = network.depth();
  s.rows = tile.rows;
  s.pass = tile.pass;
  s.activation = network.spec().activation_of(layer);
  const std::size_t below = row_stride<T>(network.units(layer - 1));
  const BasePoint<T> minus = base_point(tile, layer, network.units(layer));
  s.v_minus = {minus};
  s.v_ff.minus = minus;
  s.v.minus = minus;
  s.delta = tile.delta[layer];
  const bool first = layer == 1;
  const T* feedforward_rate = tile.batch->rate[layer - 1].data() + tile.first_row * below;
  s.r_prev = {feedforward_rate, network.units(layer - 1), below, first, true};
  s.r = tile_rows(tile, tile.batch->rate[layer], network.units(layer));
  if (!tile.controlled) return s;

  const SettlingLayer<T>& settling = tile.layer[layer];
  if (!first && tile.layer[layer - 1].rate != nullptr) {
    s.r_prev = {tile.ring_rate(layer - 1), network.units(layer - 1), below, false, false};
  }
  const bool renewed = settling.renewed_v != nullptr;
  s.v.deviation = renewed ? settling.renewed_v : settling.v;
  s.v.rate_deviation = renewed ? settling.renewed_rate_deviation : settling.rate_deviation;
  s.v_ff.deviation = renewed ? settling.renewed_v_ff : settling.v_ff;
  s.v_ff.rate_deviation = settling.rate_deviation_ff;
  s.v_fb = {settling.v_fb != nullptr ? settling.v_fb : settling.feedback, tile.rows, network.units(layer),
            settling.stride};
  if (settling.rate != nullptr) s.r.data = tile.ring_rate(layer);
  if (layer < network.depth()) {
    const SettlingLayer<T>& above = tile.layer[layer + 1];
    s.v_fb_above = {above.v_fb != nullptr ? above.v_fb : above.feedback, network.units(layer + 1),
                    above.stride, false, false};
  }
  s.u = {tile.seen_control(), network.units(network.depth()), tile.output_stride(), false, false};
  return s;
}

template BasicSynapses<float> synapses_of(const TileState<float>&, const Network<float>&, std::size_t);
template BasicSynapses<double> synapses_of(const TileState<double>&, const Network<double>&, std::size_t);

}  // namespace apical
