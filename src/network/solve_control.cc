// The analytic steady state of a controlled network.      Meulemans et al. 2021, Lemma 1 and DFC-SSA
//
//   u = (J Q + leak I)⁻¹ (r* − r_L⁻),   then one nonlinear sweep   v_i = W_i r_{i−1} + b_i + Q_i u,   r_i = φ(v_i)
//
// J Q = dr_L⁻/du is built forwards, M_i = φ'(v_i⁻) ⊙ (W_i M_{i−1} + Q_i), so that no forward weight is transposed; n_L rows per sample.
#include <array>

#include "apical/error.h"
#include "apical/rule.h"
#include "kernels/kernels.h"
#include "network/control_jacobian.h"
#include "network/tile_view.h"

namespace apical {

template <class T>
void BasicTrial<T>::solve_control(double leak) {
  mark(Mark::analytic_jacobian);
  if (tile_.target_deviation == nullptr)
    throw InternalError("solve_control() needs a target: call nudge_target() first");
  const std::size_t output_stride = row_stride<T>(network_.units(depth()));
  Arena<T>& arena = *tile_.arena;
  tile_.u = arena.take_zeroed(tile_.rows * output_stride);
  ControlJacobian<T> jacobian(network_, tile_);
  for (std::size_t first = 0; first < tile_.rows; first += jacobian.at_once()) {
    jacobian.form(first);
    jacobian.solve(leak, tile_.target_deviation, tile_.u);
  }

  // one nonlinear sweep with that control
  tile_.ring = tile_.control_ring = 1;
  tile_.slot = tile_.control_slot = 0;
  tile_.layer.assign(depth() + 1, SettlingLayer<T>{});
  tile_.controlled = true;
  for (std::size_t i = 1; i <= depth(); ++i) {
    SettlingLayer<T>& layer = tile_.layer[i];
    layer.stride = row_stride<T>(network_.units(i));
    const std::size_t count = tile_.rows * layer.stride;
    layer.v_ff = arena.take_zeroed(count);
    layer.v = arena.take(count);
    layer.feedback = arena.take(count);
    layer.rate_deviation = arena.take(count);
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
