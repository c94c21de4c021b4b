// The analytic steady state of a controlled network.      Meulemans et al. 2021, Lemma 1 and DFC-SSA
//
//   u = (J Q + leak I)⁻¹ (r* − r_L⁻),   then one nonlinear sweep   v_i = W_i r_{i−1} + b_i + Q_i u,   r_i = φ(v_i)
//
// by way of the output (control_response.h), or by way of the last hidden layer where the output is linear and wider (readout_control.h).
#include <algorithm>
#include <array>

#include "apical/error.h"
#include "apical/rule.h"
#include "kernels/kernels.h"
#include "network/control_response.h"
#include "network/feedback_column.h"
#include "network/readout_control.h"
#include "network/settling_arrays.h"
#include "network/tile_view.h"

namespace apical {
namespace {

template <class T>
void solve_for_output(const Network<T>& network, TileState<T>& tile, double leak) {
  const std::size_t depth = network.depth(), outputs = network.units(depth);
  ControlResponse<T> response(network, tile, depth, outputs);
  std::size_t widest = 0;
  for (std::size_t i = 1; i <= depth; ++i) widest = std::max(widest, row_stride<T>(network.units(i)));
  T* column = tile.arena->take(widest);
  for (std::size_t first = 0; first < tile.rows; first += response.at_once()) {
    response.form(first, [&](std::size_t i, std::size_t j) {
      column_of(network.weights("feedback", i), j, column);
      return column;
    });
    response.solve(leak, tile.target_deviation, tile.u);
  }
}

}  // namespace

template <class T>
void BasicTrial<T>::solve_control(double leak) {
  mark(Mark::analytic_jacobian);
  if (tile_.target_deviation == nullptr)
    throw InternalError("solve_control() needs a target: call nudge_target() first");
  const std::size_t output_stride = row_stride<T>(network_.units(depth()));
  Arena<T>& arena = *tile_.arena;
  tile_.u = arena.take_zeroed(tile_.rows * output_stride);
  if (LinearReadout<T>::serves(network_) && tile_.batch->readout.prepare(network_, leak)) {
    solve_for_last_hidden(network_, tile_);
  } else {
    solve_for_output(network_, tile_, leak);
  }

  // one nonlinear sweep with that control
  tile_.ring = tile_.control_ring = 1;
  tile_.slot = tile_.control_slot = 0;
  take_layers(network_, tile_);
  tile_.controlled = true;
  for (std::size_t i = 1; i <= depth(); ++i) {
    SettlingLayer<T>& layer = tile_.layer[i];
    const std::size_t count = tile_.rows * layer.stride;
    layer.rate = arena.take(count);
    if (i > 1) {
      const auto& w = network_.weights(i);
      kernels<T>().product({tile_.layer[i - 1].rate_deviation, tile_.layer[i - 1].stride, w.panels(),
                            w.n_in(), w.n_out(), nullptr, layer.v_ff, layer.stride, tile_.rows, Start::zero});
    }
    const auto& q = network_.weights("feedback", i);
    kernels<T>().product({tile_.u, output_stride, q.panels(), q.n_in(), q.n_out(), nullptr, layer.feedback,
                          layer.stride, tile_.rows, Start::zero});
    const BasePoint<T> minus = base_point(tile_, i, network_.units(i));
    const std::array<const T*, 2> inputs = {layer.v_ff, layer.feedback};
    kernels<T>().sum(inputs.data(), inputs.size(), layer.v, count);
    kernels<T>().activation_difference(network_.spec().activation_of(i), minus.v, minus.rate, minus.slope,
                                       layer.v, layer.rate_deviation, count);
    layer.rate_deviation_ff = layer.v_ff;
    if (i > 1) {
      layer.rate_deviation_ff = arena.take(count);
      kernels<T>().activation_difference(network_.spec().activation_of(i), minus.v, minus.rate, minus.slope,
                                         layer.v_ff, layer.rate_deviation_ff, count);
    }
    const std::array<const T*, 2> rates = {minus.rate, layer.rate_deviation};
    kernels<T>().sum(rates.data(), rates.size(), layer.rate, count);
  }
  if (tile_.observer != nullptr) tile_.observer->state(1, tile_);
}

template void BasicTrial<float>::solve_control(double);
template void BasicTrial<double>::solve_control(double);

}  // namespace apical
