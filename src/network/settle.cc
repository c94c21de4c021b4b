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
#include <utility>

#include "apical/error.h"
#include "apical/rule.h"
#include "core/profile.h"
#include "kernels/kernels.h"
#include "kernels/loops.h"
#include "network/clamped_target.h"
#include "network/counting_law.h"
#include "network/equilibrium.h"
#include "network/kept_rows.h"
#include "network/settling_filters.h"
#include "network/settling_record.h"
#include "network/tile_delta.h"
#include "network/tile_noise.h"
#include "network/tile_view.h"
#include "network/top_down.h"

namespace apical {
namespace {

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
        top_down_(network, tile, settling),
        // where a tile may stop at any state, each may be the one that plasticity reads
        keeps_input_(tile.observer != nullptr || settling.renew_basal || (learns_ && settling.reads_input) ||
                     settling.how == Settle::until_settled || settling.drive == Drive::energy),
        output_count_(tile.rows * row_stride<T>(network.units(depth_))),
        record_(tile.record),
        kernels_(kernels<T>()) {}

  void run() {
    take_arrays();
    plan_steps();
    if (learns_forward_) delta_.begin_steps("forward");
    if (!feedback_group_.empty()) delta_.begin_steps(feedback_group_);
    settling_.how == Settle::solve ? solve() : settle();
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
    tile_.ring = learns_ ? tile_.collected_states : 1;
    tile_.control_ring = learns_ ? tile_.ring : 2;  // the control needs its last state
    tile_.layer.assign(depth_ + 1, SettlingLayer<T>{});
    std::size_t widest = 0;
    for (std::size_t i = 1; i <= depth_; ++i) {
      SettlingLayer<T>& layer = tile_.layer[i];
      layer.stride = row_stride<T>(network_.units(i));
      widest = std::max(widest, layer.stride);
      const std::size_t count = tile_.rows * layer.stride;
      layer.v = arena.take(count);
      layer.v_ff = arena.take_zeroed(count);
      layer.feedback = arena.take_zeroed(count);
      layer.rate_deviation = arena.take(count);
      if (noisy) layer.noise = arena.take(count);
      if (noisy && settling_.tau_noise > 0) layer.slow_noise = arena.take(count);
      if (noisy || slow_apical || !feedback_group_.empty() || settling_.drive == Drive::inversion)
        layer.v_fb = arena.take(count);
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
    top_down_.take_arrays();
    passing_v_ff_ = arena.take(tile_.rows * widest);
    passing_feedback_ = arena.take(tile_.rows * widest);
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

  // What of an Euler step is the same at every step.
  void plan_steps() {
    const double tau_a = std::max(settling_.tau_a, settling_.dt),
                 tau_v = std::max(settling_.tau_v, settling_.dt);
    tile_.euler.resize(depth_ + 1);
    for (std::size_t i = 1; i <= depth_; ++i) {
      const SettlingLayer<T>& layer = tile_.layer[i];
      const SettlingLayer<T>& below = tile_.layer[i - 1];
      const auto& w = network_.weights(i);
      const double sigma = i == depth_ ? settling_.sigma_output : settling_.sigma;
      // low-passed noise enters the apical voltage at full size, white noise as the increment of one step
      const bool slow = layer.slow_noise != nullptr;
      LayerStep<T>& step = tile_.euler[i];
      step.basal = tile_.product_into(i, below.rate_deviation, below.stride, w.panels(), w.n_in(), w.n_out());
      step.feedback = top_down_.product(i);
      step.law = {.rows = tile_.rows,
                  .stride = layer.stride,
                  .first = 0,
                  .width = 0,
                  .activation = network_.spec().activation_of(i),
                  .v_ff = nullptr,
                  .feedback = nullptr,
                  .noise = slow ? layer.slow_noise : layer.noise,
                  .v_fb = layer.v_fb,
                  .v = layer.v,
                  .rate_deviation = layer.rate_deviation,
                  .rate_deviation_ff = layer.rate_deviation_ff,
                  .rate = nullptr,
                  .minus = base_point(tile_, i, network_.units(i)),
                  .k_a = static_cast<T>(settling_.dt / tau_a),
                  .k_v = static_cast<T>(settling_.dt / tau_v),
                  .k_noise = static_cast<T>(slow ? sigma : sigma * std::sqrt(settling_.dt) / tau_a)};
    }
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
    record_.start(tile_, target_, network_.units(depth_), tolerance());
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
      if (learns_ && ++collected == tile_.ring) {
        delta_.flush(collected);
        collected = 0;
      }
      observe(step + 1);
      // what filters hold moves on after the network has come to rest
      if (settling_.how == Settle::until_settled && settling_.filter == 0 &&
          record_.still(step + 1, dwell())) {
        if (learns_) delta_.flush(std::exchange(collected, 0));
        hold(settling_.steps - 2 - step);
        break;
      }
    }
    if (learns_) delta_.flush(collected);
    record_.finish(settling_.steps);
    // tile_.step is the last step that was taken: a tile that has settled may stop early
    profile::add_settling_steps(static_cast<double>(tile_.step + 1), static_cast<double>(tile_.rows));
  }

  // To the rest point; samples for which none is found are simulated.
  void solve() {
    start();
    EquilibriumSolver<T> solver(network_, tile_, law_, controller_, settling_, target_);
    if (!solver.solve()) {
      const KeptRows<T> solved(tile_);
      settle();
      for (std::size_t row = 0; row < tile_.rows; ++row) {
        if (solver.found(row)) solved.put_back(row);
      }
    }
    for (std::size_t row = 0; row < tile_.rows; ++row)
      record_.found(row, solver.found(row) ? Found::solved : Found::fell_back);
    record_.state(tile_, target_, controller_, settling_.steps - 1);
    record_.finish(settling_.steps);
    observe(1);
  }

  double tolerance() const { return settling_.tolerance > 0 ? settling_.tolerance : 1e-6; }

  // States for which a residual has to stay small: a moment's balance on the way is not yet rest.
  std::int64_t dwell() const {
    return static_cast<std::int64_t>(std::ceil(std::max(settling_.tau_v, settling_.tau_a) / settling_.dt)) +
           1;
  }

  // The states that are left would all equal the last one: it counts for them in the mean over time.
  void hold(std::int64_t states) {
    if (!learns_ || states == 0) return;
    const T count = static_cast<T>(states);
    delta_.scale_steps(1 / count);
    first_slot();
    if (learns_forward_) learn("forward");
    if (!feedback_group_.empty()) learn(feedback_group_);
    delta_.flush(1);
    delta_.scale_steps(count);
  }

  // The newest state as the only one in the rings.
  void first_slot() {
    for (std::size_t i = 1; i <= depth_; ++i) {
      const SettlingLayer<T>& layer = tile_.layer[i];
      if (layer.rate != nullptr) std::copy_n(tile_.ring_rate(i), tile_.rows * layer.stride, layer.rate);
    }
    std::copy_n(tile_.control(), output_count_, tile_.u);
    if (tile_.fast_control != nullptr)
      std::copy_n(tile_.fast_control + tile_.control_slot * output_count_, output_count_, tile_.fast_control);
    tile_.slot = tile_.control_slot = 0;
  }

  void control(const T* u_before) {
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

  void move(const T* u, std::int64_t step) {
    top_down_.look();
    if (settling_.instantaneous_transmission) {
      for (std::size_t i = 1; i <= depth_; ++i) move_layer(i, u, step);
    } else {
      for (std::size_t i = depth_; i >= 1; --i) move_layer(i, u, step);
    }
  }

  // v_ff − v_ff⁻ = W ρ of the layer below, as it is now; Q u; then the law: panel by panel, so that the input is in the first cache level when
  // the law reads it. Input that nobody reads afterwards is written to the same few lines for all panels.
  void move_layer(std::size_t i, const T* u, std::int64_t step) {
    LayerStep<T>& s = tile_.euler[i];
    const SettlingLayer<T>& layer = tile_.layer[i];
    const bool keep = keeps_input_ || step + 2 == settling_.steps;
    if (layer.noise != nullptr) draw_noise(tile_, network_, i, step, layer.noise);
    if (layer.slow_noise != nullptr) low_pass_noise(tile_, i, settling_.dt, settling_.tau_noise);
    if (learns_forward_) s.law.rate = tile_.ring_rate(i);
    const std::size_t width = padded<T>(s.feedback.n_out);
    for (std::size_t first = 0; first < width; first += s.law.width) {
      s.law.first = first;
      s.law.width = std::min(kPanel<T>, width - first);
      s.feedback.c = keep ? layer.feedback + first : passing_feedback_;
      s.law.feedback = s.feedback.c;
      s.basal.first_panel = s.feedback.first_panel = first / kPanel<T>;
      if (i > 1) {
        s.basal.c = keep ? layer.v_ff + first : passing_v_ff_;
        s.law.v_ff = s.basal.c;
        kernels_.product(s.basal);
      }
      top_down_.drive(i, s.feedback, u, first, s.law.width);
      law_(s.law);
    }
  }

  // W ρ for a whole layer.
  void basal(std::size_t i, const T* rate_deviation, T* v_ff) const {
    Product<T> product = tile_.euler[i].basal;
    product.a = rate_deviation;
    product.c = v_ff;
    product.first_panel = 0;
    product.panels = panel_count<T>(product.n_out);
    kernels_.product(product);
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
      kernels_.activation_difference(network_.spec().activation_of(i), minus.v, minus.rate, minus.slope,
                                     layer.renewed_v_ff, layer.rate_deviation_ff, count);
      for (std::size_t k = 0; k < count; ++k)
        layer.renewed_v[k] = layer.renewed_v_ff[k] + (layer.v[k] - layer.v_ff[k]);
      kernels_.activation_difference(network_.spec().activation_of(i), minus.v, minus.rate, minus.slope,
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
    const profile::PhaseScope scope(profile::Phase::plasticity);
    for (const auto& matrix : network_.group(group)) {
      const std::size_t i = matrix.layer();
      if (!tile_.learning(group, i)) continue;
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
        kernels_.activation_difference(network_.spec().activation_of(i), minus.v, minus.rate, minus.slope,
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
  TopDown<T> top_down_;              // what drives the apical compartments
  bool keeps_input_;                 // v_ff and Q u of every state are read after the step
  std::size_t output_count_;
  T *passing_v_ff_ = nullptr, *passing_feedback_ = nullptr;  // those of one panel, where they are not kept
  const T* target_ = nullptr;
  bool moving_target_ = false;  // clamped by a loss whose gradient is not linear in the output
  SettlingRecord& record_;
  const Kernels<T>& kernels_;
};

}  // namespace

template <class T>
void BasicTrial<T>::settle(LawFunction<T> law, const PiController& controller, const Settling& settling) {
  // the solver reads how the output answers to every neuron, from the output down
  if (settling.how == Settle::solve) {
    if (settling.drive != Drive::control) throw InternalError("only Q u as the drive can be solved for");
    mark(Mark::analytic_jacobian);
    mark(Mark::weight_transport);
  }
  if (TopDown<T>::transports(settling)) mark(Mark::weight_transport);
  SettlingRun<T>(network_, tile_, rule_, static_cast<TileDelta<T>&>(delta_), counted(law), controller,
                 settling)
      .run();
}

template void BasicTrial<float>::settle(LawFunction<float>, const PiController&, const Settling&);
template void BasicTrial<double>::settle(LawFunction<double>, const PiController&, const Settling&);

}  // namespace apical
