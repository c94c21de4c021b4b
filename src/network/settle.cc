// The time-continuous network under feedback control.      Meulemans et al. 2021, eq. 1 and 4
//
//   e(t) = r* − r_L(t)
//   u(t+dt) = controller(e, u)
//   for each layer:  v_ff = W r_prev,  v_fb ← apical(Q u),  v ← soma(v, v_ff, v_fb),  r = φ(v)
//
// Everything that moves is a deviation from the feedforward point, so that weak nudging does not drown in rounding: v_ff − v_ff⁻ = W (r − r⁻).
#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>

#include "apical/error.h"
#include "apical/rule.h"
#include "kernels/kernels.h"
#include "network/clamped_target.h"
#include "network/settling_filters.h"
#include "network/settling_record.h"
#include "network/tile_delta.h"
#include "network/tile_noise.h"
#include "network/tile_view.h"

namespace apical {
namespace {

// Time steps whose outer products are multiplied together: enough rows for the kernel, few enough to stay in cache.
constexpr std::size_t kRing = 8;

template <class T>
class SettlingRun {
 public:
  SettlingRun(const Network<T>& network, TileState<T>& tile, const BasicRule<T>& rule, TileDelta<T>& delta,
              LawFunction<T> law, const PiController& controller, const Settling& settling)
      : network_(network),
        tile_(tile),
        rule_(rule),
        delta_(delta),
        law_(law),
        controller_(controller),
        settling_(settling),
        depth_(network.depth()),
        learns_forward_(settling.learn == Learn::each_step && std::string_view(settling.group) == "forward"),
        feedback_group_(settling.learn == Learn::each_step && !learns_forward_ ? settling.group
                                                                               : settling.also),
        learns_(learns_forward_ || !feedback_group_.empty()),
        output_count_(tile.rows * row_stride<T>(network.units(depth_))),
        record_(tile.record) {}

  void run() {
    take_arrays();
    if (learns_forward_) delta_.begin_steps("forward");
    if (!feedback_group_.empty()) delta_.begin_steps(feedback_group_);
    settle();
    // samples that did not settle are known only now: the tile runs again without them
    if (!settling_.include_unsettled && !settling_.streaming && record_.leave_out_unsettled()) {
      tile_.left_out = record_.left_out();
      if (learns_) {
        delta_.restart_steps();
        if (!record_.all_left_out()) settle();
      }
    }
    // the authors divide by T in the stored form, by T−1 in the streaming form and in feedback learning
    const auto steps = static_cast<double>(settling_.steps);
    if (learns_forward_)
      delta_.end_steps("forward", static_cast<T>(1.0 / (settling_.streaming ? steps - 1 : steps)));
    if (!feedback_group_.empty()) delta_.end_steps(feedback_group_, static_cast<T>(1.0 / (steps - 1)));
    if (settling_.learn == Learn::last) {
      keep_final_rates();
      if (settling_.renew_basal || sees_slow_rates()) renew_basal();
    }
    record_.write(tile_);
  }

 private:
  void take_arrays() {
    Arena<T>& arena = *tile_.arena;
    const bool noisy = settling_.sigma > 0 || settling_.sigma_output > 0;
    const bool slow_apical = settling_.tau_a > settling_.dt * (1 + 1e-12);
    tile_.ring = learns_ ? kRing : 1;
    tile_.control_ring = learns_ ? kRing : 2;  // the control needs its last state
    tile_.layer.assign(depth_ + 1, SettlingLayer<T>{});
    for (std::size_t i = 1; i <= depth_; ++i) {
      SettlingLayer<T>& layer = tile_.layer[i];
      layer.stride = row_stride<T>(network_.units(i));
      const std::size_t count = tile_.rows * layer.stride;
      layer.v = arena.take(count);
      layer.v_ff = arena.take_zeroed(count);
      layer.feedback = arena.take_zeroed(count);
      layer.rate_deviation = arena.take(count);
      if (noisy) layer.noise = arena.take(count);
      if (noisy && settling_.tau_noise > 0) layer.slow_noise = arena.take(count);
      if (noisy || slow_apical || !feedback_group_.empty()) layer.v_fb = arena.take(count);
      if (learns_forward_ || settling_.learn == Learn::last) layer.rate = arena.take(count * tile_.ring);
      if (sees_slow_rates()) layer.slow_rate_deviation = arena.take(count);
      // the first layer's input is constant: its basal voltage stays at the feedforward point
      if (learns_forward_ || settling_.learn == Learn::last)
        layer.rate_deviation_ff = i > 1 ? arena.take(count) : layer.v_ff;
      if ((settling_.renew_basal || sees_slow_rates()) && i > 1) {
        for (T** array : {&layer.renewed_v, &layer.renewed_v_ff, &layer.renewed_rate_deviation})
          *array = arena.take(count);
      }
    }
    tile_.u = arena.take(output_count_ * tile_.control_ring);
    tile_.u_integral = arena.take(output_count_);
    tile_.error = arena.take(output_count_);
    if (settling_.filter > 0 && !feedback_group_.empty()) {
      tile_.slow_control = arena.take(output_count_);
      tile_.fast_control = arena.take(output_count_ * tile_.control_ring);
    }
    if (settling_.filter > 0) tile_.marks.add(Mark::stored_past);
    T* own_output = arena.take_zeroed(output_count_);
    target_ = settling_.to_own_output ? own_output : tile_.target_deviation;
    if (target_ == nullptr)
      throw InternalError("relax() needs a target: call nudge_target() or clamp_target() first");
    moving_target_ = !settling_.to_own_output && tile_.clamped_output != nullptr;
  }

  // Plasticity of the last state sees the rates below through a low-pass filter.
  bool sees_slow_rates() const { return settling_.filter > 0 && settling_.learn == Learn::last; }

  // State 0: the feedforward point, no control.
  void start() {
    for (std::size_t i = 1; i <= depth_; ++i) {
      SettlingLayer<T>& layer = tile_.layer[i];
      const std::size_t bytes = tile_.rows * layer.stride * sizeof(T);
      std::memset(layer.v, 0, bytes);
      std::memset(layer.rate_deviation, 0, bytes);
      for (T* array : {layer.v_fb, layer.slow_noise, layer.slow_rate_deviation})
        if (array != nullptr) std::memset(array, 0, bytes);
    }
    std::memset(tile_.u, 0, output_count_ * tile_.control_ring * sizeof(T));
    std::memset(tile_.u_integral, 0, output_count_ * sizeof(T));
    tile_.controlled = true;
    tile_.slot = tile_.ring - 1;
    tile_.control_slot = tile_.control_ring - 1;
    if (moving_target_) aim_at_clamped_output(tile_, network_.units(depth_));
    record_.start(tile_, target_, network_.units(depth_));
  }

  void settle() {
    start();
    observe(0);
    std::size_t collected = 0;
    for (std::int64_t step = 0; step + 1 < settling_.steps; ++step) {
      tile_.step = step;
      const T* u_before = tile_.control();
      tile_.slot = (tile_.slot + 1) % tile_.ring;
      tile_.control_slot = (tile_.control_slot + 1) % tile_.control_ring;
      control(u_before);
      if (tile_.fast_control != nullptr)
        high_pass_control(tile_, static_cast<T>(settling_.filter), step == 0);
      if (!feedback_group_.empty()) learn(feedback_group_);  // apical voltage now, control of the next state
      move(settling_.proactive ? tile_.control() : u_before, step);
      if (sees_slow_rates()) low_pass_rates(tile_, static_cast<T>(settling_.filter));
      if (moving_target_) aim_at_clamped_output(tile_, network_.units(depth_));
      record_.state(tile_, target_, controller_, step + 1);
      if (settling_.streaming && !settling_.include_unsettled) tile_.left_out = record_.leave_out_diverged();
      if (learns_forward_) {
        for (std::size_t i = 1; i <= depth_; ++i) silence_left_out(i, tile_.ring_rate(i));
        if (settling_.renew_basal) renew_basal();
        learn("forward");
      }
      if (learns_ && ++collected == kRing) {
        delta_.flush(collected);
        collected = 0;
      }
      observe(step + 1);
    }
    if (learns_) delta_.flush(collected);
    record_.finish(settling_.steps);
  }

  void control(const T* u_before) {
    const T* rate_deviation = tile_.layer[depth_].rate_deviation;
    T* u = tile_.control();
    const T dt = static_cast<T>(settling_.dt);
    for (std::size_t i = 0; i < output_count_; ++i) {
      const T e = target_[i] - rate_deviation[i];
      T control = u_before[i];
      controller_.step(e, dt, tile_.u_integral[i], control);
      tile_.error[i] = e;
      u[i] = control;
    }
  }

  void move(const T* u, std::int64_t step) {
    if (settling_.instantaneous_transmission) {
      for (std::size_t i = 1; i <= depth_; ++i) move_layer(i, u, step);
    } else {
      for (std::size_t i = depth_; i >= 1; --i) move_layer(i, u, step);
    }
  }

  void move_layer(std::size_t i, const T* u, std::int64_t step) {
    SettlingLayer<T>& layer = tile_.layer[i];
    const auto& q = network_.weights("feedback", i);
    if (i > 1) basal(i, layer.v_ff);
    kernels<T>().product({u, tile_.output_stride(), q.panels(), q.n_in(), q.n_out(), nullptr, layer.feedback,
                          layer.stride, tile_.rows, Start::zero});
    const double sigma = i == depth_ ? settling_.sigma_output : settling_.sigma;
    const double tau_a = std::max(settling_.tau_a, settling_.dt),
                 tau_v = std::max(settling_.tau_v, settling_.dt);
    // low-passed noise enters the apical voltage at full size, white noise as the increment of one step
    T k_noise = static_cast<T>(sigma * std::sqrt(settling_.dt) / tau_a);
    const T* noise = layer.noise;
    if (noise != nullptr) draw_noise(tile_, network_, i, step, layer.noise);
    if (layer.slow_noise != nullptr) {
      low_pass_noise(tile_, i, settling_.dt, settling_.tau_noise);
      noise = layer.slow_noise;
      k_noise = static_cast<T>(sigma);
    }
    law_({tile_.rows * layer.stride, network_.spec().activation_of(i), i > 1 ? layer.v_ff : nullptr,
          layer.feedback, noise, layer.v_fb, layer.v, layer.rate_deviation,
          learns_forward_ && i > 1 ? layer.rate_deviation_ff : nullptr,
          layer.rate != nullptr && learns_forward_ ? tile_.ring_rate(i) : nullptr,
          base_point(tile_, i, network_.units(i)), static_cast<T>(settling_.dt / tau_a),
          static_cast<T>(settling_.dt / tau_v), k_noise});
  }

  // v_ff − v_ff⁻ = W ρ of the layer below, as it is now.
  void basal(std::size_t i, T* v_ff) const { basal(i, tile_.layer[i - 1].rate_deviation, v_ff); }
  void basal(std::size_t i, const T* rate_deviation, T* v_ff) const {
    const auto& w = network_.weights(i);
    kernels<T>().product({rate_deviation, tile_.layer[i - 1].stride, w.panels(), w.n_in(), w.n_out(), nullptr,
                          v_ff, tile_.layer[i].stride, tile_.rows, Start::zero});
  }

  // Soma and basal as the authors' code presents them to the plasticity: their difference is the state's, the basal voltage is that of the
  // rates below at the same state, or of their slow part where plasticity sees only that.
  void renew_basal() {
    for (std::size_t i = 2; i <= depth_; ++i) {
      SettlingLayer<T>& layer = tile_.layer[i];
      const BasePoint<T> minus = base_point(tile_, i, network_.units(i));
      const std::size_t count = tile_.rows * layer.stride;
      const SettlingLayer<T>& below = tile_.layer[i - 1];
      basal(i, below.slow_rate_deviation != nullptr ? below.slow_rate_deviation : below.rate_deviation,
            layer.renewed_v_ff);
      kernels<T>().activation_difference(network_.spec().activation_of(i), minus.v, minus.rate, minus.slope,
                                         layer.renewed_v_ff, layer.rate_deviation_ff, count);
      for (std::size_t k = 0; k < count; ++k)
        layer.renewed_v[k] = layer.renewed_v_ff[k] + (layer.v[k] - layer.v_ff[k]);
      kernels<T>().activation_difference(network_.spec().activation_of(i), minus.v, minus.rate, minus.slope,
                                         layer.renewed_v, layer.renewed_rate_deviation, count);
    }
  }

  // A sample that is left out may have diverged: its rates must not reach an outer product, where 0 · ∞ is not 0.
  void silence_left_out(std::size_t i, T* rate) const {
    if (tile_.left_out == nullptr) return;
    const std::size_t stride = tile_.layer[i].stride;
    for (std::size_t row = 0; row < tile_.rows; ++row) {
      if (tile_.left_out[row]) std::memset(rate + row * stride, 0, stride * sizeof(T));
    }
  }

  void learn(std::string_view group) {
    for (std::size_t i = 1; i <= depth_; ++i) {
      delta_.begin_layer(group, i, network_.spec().activation_of(i));
      rule_.plasticity(group, synapses_of(tile_, network_, i), delta_);
    }
  }

  // Plasticity after the settling reads absolute rates, and the basal voltage's.
  void keep_final_rates() {
    for (std::size_t i = 1; i <= depth_; ++i) {
      const BasePoint<T> minus = base_point(tile_, i, network_.units(i));
      const SettlingLayer<T>& layer = tile_.layer[i];
      if (i > 1) {
        kernels<T>().activation_difference(network_.spec().activation_of(i), minus.v, minus.rate, minus.slope,
                                           layer.v_ff, layer.rate_deviation_ff, tile_.rows * layer.stride);
      }
      const T* seen = layer.slow_rate_deviation != nullptr ? layer.slow_rate_deviation : layer.rate_deviation;
      T* rate = tile_.ring_rate(i);
      for (std::size_t k = 0; k < tile_.rows * layer.stride; ++k) rate[k] = minus.rate[k] + seen[k];
      silence_left_out(i, rate);
    }
  }

  void observe(std::int64_t step) {
    if (tile_.observer != nullptr) tile_.observer->state(step, tile_);
  }

  const Network<T>& network_;
  TileState<T>& tile_;
  const BasicRule<T>& rule_;
  TileDelta<T>& delta_;
  LawFunction<T> law_;
  const PiController& controller_;
  const Settling& settling_;
  std::size_t depth_;
  bool learns_forward_;              // forward weights learn at each step
  std::string_view feedback_group_;  // feedback weights that learn at each step; empty: none
  bool learns_;                      // either of them
  std::size_t output_count_;
  const T* target_ = nullptr;
  bool moving_target_ = false;  // clamped by a loss whose gradient is not linear in the output
  SettlingRecord& record_;
};

}  // namespace

template <class T>
void BasicTrial<T>::settle(LawFunction<T> law, const PiController& controller, const Settling& settling) {
  SettlingRun<T>(network_, tile_, rule_, static_cast<TileDelta<T>&>(delta_), law, controller, settling).run();
}

template void BasicTrial<float>::settle(LawFunction<float>, const PiController&, const Settling&);
template void BasicTrial<double>::settle(LawFunction<double>, const PiController&, const Settling&);

}  // namespace apical
