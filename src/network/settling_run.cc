// The time-continuous network under feedback control.      Meulemans et al. 2021, eq. 1 and 4
//
//   e(t) = r* − r_L(t)
//   u(t+dt) = controller(e, u)
//   for each layer:  v_ff = W r_prev,  v_fb ← apical(Q u),  v ← soma(v, v_ff, v_fb),  r = φ(v)
//
// Everything that moves is a deviation from the feedforward point, so that weak nudging does not drown in rounding: v_ff − v_ff⁻ = W (r − r⁻).
#include "network/settling_run.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "apical/error.h"
#include "core/profile.h"
#include "kernels/loops.h"
#include "network/clamped_target.h"
#include "network/seen_state.h"
#include "network/settling_filters.h"
#include "network/tile_noise.h"
#include "network/tile_view.h"

namespace apical {

template <class T>
void SettlingRun<T>::run() {
  take_settling_arrays(network_, tile_, settling_, needs_);
  top_down_.take_arrays();
  plan_euler_steps(network_, tile_, settling_, top_down_);
  passing_v_ff_ = tile_.arena->take(widest_array(tile_));
  passing_feedback_ = tile_.arena->take(widest_array(tile_));
  choose_target();
  if (needs_.learns_forward) delta_.begin_steps("forward");
  if (!needs_.feedback_group.empty()) delta_.begin_steps(needs_.feedback_group);
  const bool responded = run_to_end();
  // samples that did not settle are known only now: the tile runs again without them
  if (!responded && leave_out_unsettled()) {
    if (needs_.learns) {
      delta_.restart_steps();
      if (!record_.all_left_out()) settle();
    }
  }
  // the authors divide by T in the stored form, by T−1 in the streaming form and in feedback learning
  const auto steps = static_cast<double>(settling_.steps);
  if (needs_.learns_forward)
    delta_.end_steps("forward", static_cast<T>(1.0 / (settling_.streaming ? steps - 1 : steps)));
  if (!needs_.feedback_group.empty())
    delta_.end_steps(needs_.feedback_group, static_cast<T>(1.0 / (steps - 1)));
  if (needs_.final_rates) {
    keep_final_rates(network_, tile_);
    if (needs_.renewed_basal) renew_basal(network_, tile_);
  }
  record_.write(tile_);
}

template <class T>
void SettlingRun<T>::choose_target() {
  T* own_output = tile_.arena->take_zeroed(output_count_);
  target_ = settling_.to_own_output ? own_output : tile_.target_deviation;
  if (target_ == nullptr)
    throw InternalError("relax() needs a target: call nudge_target() or clamp_target() first");
  moving_target_ = !settling_.to_own_output && tile_.clamped_output != nullptr;
  if (tile_.first_row == 0) {
    tile_.batch->dynamics = {controller_, settling_, moving_target_ ? tile_.clamped_gain : 1,
                             moving_target_ && tile_.clamped_softmax};
  }
}

template <class T>
bool SettlingRun<T>::run_to_end() {
  if (settling_.how == Settle::solve) {
    solve();
  } else if (settling_.how == Settle::linear_response && tile_.observer == nullptr) {
    return respond();
  } else {
    settle();
  }
  return false;
}

template <class T>
bool SettlingRun<T>::leave_out_unsettled() {
  if (settling_.include_unsettled || settling_.streaming || !record_.leave_out_unsettled()) return false;
  tile_.left_out = record_.left_out();
  return true;
}

template <class T>
void SettlingRun<T>::start() {
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
  rewind();
  if (moving_target_) aim_at_clamped_output(tile_, network_.units(depth_));
  record_.start(
      tile_, target_, network_.units(depth_),
      {.tolerance = tolerance(), .error_remains = settling_.error_remains, .target_moves = moving_target_});
}

template <class T>
void SettlingRun<T>::settle() {
  start();
  observe(0);
  std::size_t collected = 0;
  for (std::int64_t step = 0; step + 1 < settling_.steps; ++step) {
    advance(step);
    record_.state(tile_, target_, controller_, step + 1);
    if (settling_.streaming && !settling_.include_unsettled) tile_.left_out = record_.leave_out_diverged();
    if (needs_.learns_forward) learn_forward();
    if (needs_.learns && ++collected == tile_.ring) {
      delta_.flush(collected);
      collected = 0;
    }
    observe(step + 1);
    // what filters hold moves on after the network has come to rest
    if (settling_.how == Settle::until_settled && settling_.filter == 0 && record_.still(step + 1, dwell())) {
      if (needs_.learns) delta_.flush(std::exchange(collected, 0));
      hold(settling_.steps - 2 - step);
      break;
    }
  }
  if (needs_.learns) delta_.flush(collected);
  record_.finish(settling_.steps);
  // tile_.step is the last step that was taken: a tile that has settled may stop early
  profile::add_settling_steps(static_cast<double>(tile_.step + 1), static_cast<double>(tile_.rows));
}

template <class T>
void SettlingRun<T>::advance(std::int64_t step) {
  tile_.step = step;
  const T* u_before = tile_.control();
  tile_.slot = (tile_.slot + 1) % tile_.ring;
  tile_.control_slot = (tile_.control_slot + 1) % tile_.control_ring;
  control(u_before);
  if (tile_.fast_control != nullptr) high_pass_control(tile_, static_cast<T>(settling_.filter), step == 0);
  if (!needs_.feedback_group.empty())
    learn(needs_.feedback_group);  // apical voltage now, control of the next state
  move(settling_.proactive ? tile_.control() : u_before, step);
  if (needs_.slow_rates) low_pass_rates(tile_, static_cast<T>(settling_.filter));
  if (moving_target_) aim_at_clamped_output(tile_, network_.units(depth_));
}

template <class T>
double SettlingRun<T>::tolerance() const {
  return settling_.tolerance > 0 ? settling_.tolerance : 1e-6;
}

template <class T>
std::int64_t SettlingRun<T>::dwell() const {
  return static_cast<std::int64_t>(std::ceil(std::max(settling_.tau_v, settling_.tau_a) / settling_.dt)) + 1;
}

template <class T>
void SettlingRun<T>::hold(std::int64_t states) {
  if (!needs_.learns || states == 0) return;
  first_slot();
  count_for(states, [&] {
    if (needs_.learns_forward) learn("forward");
    if (!needs_.feedback_group.empty()) learn(needs_.feedback_group);
  });
}

template <class T>
void SettlingRun<T>::rewind() {
  tile_.slot = tile_.ring - 1;
  tile_.control_slot = tile_.control_ring - 1;
}

template <class T>
void SettlingRun<T>::first_slot() {
  for (std::size_t i = 1; i <= depth_; ++i) {
    const SettlingLayer<T>& layer = tile_.layer[i];
    if (layer.rate != nullptr) std::copy_n(tile_.ring_rate(i), tile_.rows * layer.stride, layer.rate);
  }
  std::copy_n(tile_.control(), output_count_, tile_.u);
  if (tile_.fast_control != nullptr)
    std::copy_n(tile_.fast_control + tile_.control_slot * output_count_, output_count_, tile_.fast_control);
  tile_.slot = tile_.control_slot = 0;
}

template <class T>
void SettlingRun<T>::control(const T* u_before) {
  const T* rate_deviation = tile_.layer[depth_].rate_deviation;
  T* u = tile_.control();
  T* u_integral = tile_.u_integral;
  T* error = tile_.error;
  const PiController controller = controller_;
  const T dt = static_cast<T>(settling_.dt);
  const std::size_t count = output_count_;
  APICAL_IVDEP
  for (std::size_t i = 0; i < count; ++i) {
    const T e = target_[i] - rate_deviation[i];
    T control = u_before[i];
    controller.step(e, dt, u_integral[i], control);
    error[i] = e;
    u[i] = control;
  }
}

template <class T>
void SettlingRun<T>::move(const T* u, std::int64_t step) {
  top_down_.look();
  if (settling_.instantaneous_transmission) {
    for (std::size_t i = 1; i <= depth_; ++i) move_layer(i, u, step);
  } else {
    for (std::size_t i = depth_; i >= 1; --i) move_layer(i, u, step);
  }
}

template <class T>
void SettlingRun<T>::move_layer(std::size_t i, const T* u, std::int64_t step) {
  LayerStep<T>& s = tile_.euler[i];
  const SettlingLayer<T>& layer = tile_.layer[i];
  const bool keep = needs_.keeps_input || step + 2 == settling_.steps;
  if (layer.noise != nullptr) draw_noise(tile_, network_, i, step, layer.noise);
  if (layer.slow_noise != nullptr) low_pass_noise(tile_, i, settling_.dt, settling_.tau_noise);
  if (needs_.learns_forward) s.law.rate = tile_.ring_rate(i);
  const std::size_t width = padded<T>(s.feedback.n_out);
  top_down_.take_in(s.feedback, u);
  if (i > 1) s.basal.take_in();
  for (std::size_t first = 0; first < width; first += s.law.width) {
    s.law.first = first;
    s.law.width = std::min(kPanel<T>, width - first);
    s.feedback.c = keep ? layer.feedback + first : passing_feedback_;
    s.law.feedback = s.feedback.c;
    s.basal.first_panel = s.feedback.first_panel = first / kPanel<T>;
    if (i > 1) {
      s.basal.c = keep ? layer.v_ff + first : passing_v_ff_;
      s.law.v_ff = s.basal.c;
      s.basal.multiply();
    }
    top_down_.drive(i, s.feedback, first, s.law.width);
    law_(s.law);
  }
}

template <class T>
void SettlingRun<T>::learn(std::string_view group) {
  const profile::PhaseScope scope(profile::Phase::plasticity);
  for (const auto& matrix : network_.group(group)) {
    const std::size_t i = matrix.layer();
    if (!tile_.learning(group, i)) continue;
    delta_.begin_layer(group, i, network_.spec().activation_of(i));
    rule_.plasticity(group, synapses_of(tile_, network_, i), delta_);
  }
}

template <class T>
void SettlingRun<T>::learn_forward() {
  for (std::size_t i = 1; i <= depth_; ++i) silence_left_out(tile_, i);
  if (settling_.renew_basal) renew_basal(network_, tile_);
  learn("forward");
}

template <class T>
void SettlingRun<T>::observe(std::int64_t step) {
  if (tile_.observer != nullptr) tile_.observer->state(step, tile_);
}

template class SettlingRun<float>;
template class SettlingRun<double>;

}  // namespace apical
