// One feedforward sweep with noise in every voltage, and what it does to the output.
#include <algorithm>

#include "apical/rule.h"
#include "kernels/kernels.h"
#include "network/settling_arrays.h"
#include "network/tile_noise.h"
#include "network/tile_view.h"

namespace apical {

template <class T>
void BasicTrial<T>::sweep_with_noise(double sigma, double sigma_output) {
  // the noisy output is compared with the clean one of the sweep before
  mark(Mark::second_phase);
  mark(Mark::frozen_activity);
  Arena<T>& arena = *tile_.arena;
  tile_.ring = tile_.control_ring = 1;
  tile_.slot = tile_.control_slot = 0;
  take_layers(network_, tile_);
  tile_.controlled = true;
  for (std::size_t i = 1; i <= depth(); ++i) {
    SettlingLayer<T>& layer = tile_.layer[i];
    const std::size_t count = tile_.rows * layer.stride;
    layer.v_fb = arena.take_zeroed(count);
    std::fill_n(layer.feedback, count, T(0));  // no control
    draw_noise(tile_, network_, i, 0, layer.v_fb);
    if (i > 1) {
      const auto& w = network_.weights(i);
      kernels<T>().product({tile_.layer[i - 1].rate_deviation, tile_.layer[i - 1].stride, w.panels(),
                            w.n_in(), w.n_out(), nullptr, layer.v_ff, layer.stride, tile_.rows, Start::zero});
    }
    const T size = static_cast<T>(i == depth() ? sigma_output : sigma);
    for (std::size_t k = 0; k < count; ++k) {
      layer.v_fb[k] *= size;
      layer.v[k] = layer.v_ff[k] + layer.v_fb[k];
    }
    const BasePoint<T> minus = base_point(tile_, i, network_.units(i));
    kernels<T>().activation_difference(network_.spec().activation_of(i), minus.v, minus.rate, minus.slope,
                                       layer.v, layer.rate_deviation, count);
  }
  tile_.u = tile_.layer.back().rate_deviation;
}

template void BasicTrial<float>::sweep_with_noise(double, double);
template void BasicTrial<double>::sweep_with_noise(double, double);

}  // namespace apical
