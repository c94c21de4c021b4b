#include "network/settling_arrays.h"

#include <algorithm>
#include <cmath>

#include "network/tile_view.h"

namespace apical {

SettlingNeeds::SettlingNeeds(const Settling& settling, bool observed)
    : learns_forward(settling.learn == Learn::each_step && std::string_view(settling.group) == "forward"),
      feedback_group(settling.learn == Learn::each_step && !learns_forward ? settling.group : settling.also),
      learns(learns_forward || !feedback_group.empty()),
      final_rates(settling.learn == Learn::last),
      slow_rates(settling.filter > 0 && final_rates),
      renewed_basal(settling.renew_basal || slow_rates),
      // where a tile may stop at any state, each may be the one that plasticity reads
      keeps_input(observed || settling.renew_basal || (learns && settling.reads_input) ||
                  settling.how == Settle::until_settled || settling.drive == Drive::energy) {}

template <class T>
void take_layers(const Network<T>& network, TileState<T>& tile) {
  tile.layer.assign(network.depth() + 1, SettlingLayer<T>{});
  for (std::size_t i = 1; i <= network.depth(); ++i) {
    SettlingLayer<T>& layer = tile.layer[i];
    layer.stride = row_stride<T>(network.units(i));
    const std::size_t count = tile.rows * layer.stride;
    layer.v = tile.arena->take(count);
    layer.v_ff = tile.arena->take_zeroed(count);
    layer.feedback = tile.arena->take(count);
    layer.rate_deviation = tile.arena->take(count);
  }
}

template <class T>
void take_settling_arrays(const Network<T>& network, TileState<T>& tile, const Settling& settling,
                          const SettlingNeeds& needs) {
  Arena<T>& arena = *tile.arena;
  const bool noisy = settling.sigma > 0 || settling.sigma_output > 0;
  const bool slow_apical = settling.tau_a > settling.dt * (1 + 1e-12);
  tile.ring = needs.learns ? tile.collected_states : 1;
  tile.control_ring = needs.learns ? tile.ring : 2;  // the control needs its last state
  take_layers(network, tile);
  for (std::size_t i = 1; i <= network.depth(); ++i) {
    SettlingLayer<T>& layer = tile.layer[i];
    const std::size_t count = tile.rows * layer.stride;
    std::fill_n(layer.feedback, count, T(0));  // the feedforward state's
    if (noisy) layer.noise = arena.take(count);
    if (noisy && settling.tau_noise > 0) layer.slow_noise = arena.take(count);
    if (noisy || slow_apical || !needs.feedback_group.empty() || settling.drive == Drive::inversion)
      layer.v_fb = arena.take(count);
    if (needs.slow_rates) layer.slow_rate_deviation = arena.take(count);
    if (needs.learns_forward || needs.final_rates) {
      layer.rate = arena.take(count * tile.ring);
      // the first layer's input is constant: its basal voltage stays at the feedforward point
      layer.rate_deviation_ff = i > 1 ? arena.take(count) : layer.v_ff;
    }
    if (needs.renewed_basal && i > 1) {
      for (T** array : {&layer.renewed_v, &layer.renewed_v_ff, &layer.renewed_rate_deviation})
        *array = arena.take(count);
    }
  }
  const std::size_t outputs = tile.rows * tile.output_stride();
  tile.u = arena.take(outputs * tile.control_ring);
  tile.u_integral = arena.take(outputs);
  tile.error = arena.take(outputs);
  if (settling.filter > 0 && !needs.feedback_group.empty()) {
    tile.slow_control = arena.take(outputs);
    tile.fast_control = arena.take(outputs * tile.control_ring);
  }
  if (settling.filter > 0) tile.marks.add(Mark::stored_past);
}

template <class T>
std::size_t widest_array(const TileState<T>& tile) {
  std::size_t widest = 0;
  for (const SettlingLayer<T>& layer : tile.layer) widest = std::max(widest, tile.rows * layer.stride);
  return widest;
}

template <class T>
void plan_euler_steps(const Network<T>& network, TileState<T>& tile, const Settling& settling,
                      const TopDown<T>& top_down) {
  const double tau_a = std::max(settling.tau_a, settling.dt), tau_v = std::max(settling.tau_v, settling.dt);
  const std::size_t depth = network.depth();
  tile.euler.resize(depth + 1);
  for (std::size_t i = 1; i <= depth; ++i) {
    const SettlingLayer<T>& layer = tile.layer[i];
    const SettlingLayer<T>& below = tile.layer[i - 1];
    const auto& w = network.weights(i);
    const double sigma = i == depth ? settling.sigma_output : settling.sigma;
    // low-passed noise enters the apical voltage at full size, white noise as the increment of one step
    const bool slow = layer.slow_noise != nullptr;
    LayerStep<T>& step = tile.euler[i];
    step.basal = tile.product_into(i, below.rate_deviation, below.stride, w.panels(), w.n_in(), w.n_out());
    step.feedback = top_down.product(i);
    step.law = {.rows = tile.rows,
                .stride = layer.stride,
                .first = 0,
                .width = 0,
                .activation = network.spec().activation_of(i),
                .v_ff = nullptr,
                .feedback = nullptr,
                .noise = slow ? layer.slow_noise : layer.noise,
                .v_fb = layer.v_fb,
                .v = layer.v,
                .rate_deviation = layer.rate_deviation,
                .rate_deviation_ff = layer.rate_deviation_ff,
                .rate = nullptr,
                .minus = base_point(tile, i, network.units(i)),
                .k_a = static_cast<T>(settling.dt / tau_a),
                .k_v = static_cast<T>(settling.dt / tau_v),
                .k_noise = static_cast<T>(slow ? sigma : sigma * std::sqrt(settling.dt) / tau_a)};
  }
}

template void take_layers(const Network<float>&, TileState<float>&);
template void take_layers(const Network<double>&, TileState<double>&);
template void take_settling_arrays(const Network<float>&, TileState<float>&, const Settling&,
                                   const SettlingNeeds&);
template void take_settling_arrays(const Network<double>&, TileState<double>&, const Settling&,
                                   const SettlingNeeds&);
template std::size_t widest_array(const TileState<float>&);
template std::size_t widest_array(const TileState<double>&);
template void plan_euler_steps(const Network<float>&, TileState<float>&, const Settling&,
                               const TopDown<float>&);
template void plan_euler_steps(const Network<double>&, TileState<double>&, const Settling&,
                               const TopDown<double>&);

}  // namespace apical
