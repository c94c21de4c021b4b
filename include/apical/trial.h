// One tile of samples on its way through a network: the object whose verbs a rule uses. The feedforward pass has run and the loss
// is known when a rule gets it. A verb that reads more than a synapse could see leaves its mark.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "apical/card.h"
#include "apical/network.h"
#include "apical/settling.h"
#include "apical/synapses.h"

namespace apical {

template <class T>
class BasicRule;
template <class T>
struct TileState;

// Some neighbouring neurons of one layer, one Euler step: arrays [rows, stride], all as deviations from the feedforward point. The
// neurons are those at first … first + width of each row, whole half panels; v_ff and feedback begin with the first of them.
template <class T>
struct LawStep {
  std::size_t rows, stride, first, width;
  Activation activation;
  const T* v_ff;         // basal deviation W (r − r⁻); null in the first layer, whose input is constant
  const T* feedback;     // Q u
  const T* noise;        // standard normal numbers, or null
  T* v_fb;               // apical voltage; null: instantaneous, equal to feedback
  T* v;                  // somatic deviation
  T* rate_deviation;     // φ(v⁻ + d) − φ(v⁻)
  T* rate_deviation_ff;  // the same of the basal voltage; read where v_ff and rate are there
  T* rate;               // r = r⁻ + deviation; null: not needed
  BasePoint<T> minus;
  T k_a, k_v, k_noise;  // dt/τ_a, dt/τ_v, σ √dt/τ_a
};
template <class T>
using LawFunction = void (*)(const LawStep<T>&);

// Watches a settling phase: for figures, recordings and comparison with published trajectories.
template <class T>
class Observer {
 public:
  virtual ~Observer() = default;
  // After state `step` has been reached; step 0 is the feedforward state. A steady state that was solved for is step 1.
  virtual void state(std::int64_t step, const TileState<T>& tile) = 0;
};

// A formula that is nothing but an activity: the copy that BasicTrial::deliver and compute make of it. Formulas with operators evaluate in the
// rule's own instruction set.
template <class T>
void evaluate(const Activity<T>& from, const Activity<T>& to) {
  std::copy(from.data, from.data + from.count(), to.data);
}

// What a step to the target keeps smallest: the push on one sample's voltages, the change of weights that one sample asks for, or the one
// change of weights that all samples of the minibatch ask for together.
enum class Smallest { voltages, weights, weights_of_all };

template <class T>
class BasicTrial {
 public:
  BasicTrial(const Network<T>& network, TileState<T>& tile, const BasicRule<T>& rule, BasicDelta<T>& delta)
      : network_(network), tile_(tile), rule_(rule), delta_(delta) {}

  std::size_t depth() const { return network_.depth(); }  // L
  std::size_t rows() const;                               // samples in this tile
  std::size_t batch_size() const;                         // samples in the whole minibatch, B
  std::string_view pass() const;                          // the pass that is running: "wake", "sleep", …

  // --- reading the feedforward pass
  Activity<T> rate(std::size_t layer) const;       // r_i⁻ = φ(v_i⁻); layer 0: the input
  Activity<T> phi_prime(std::size_t layer) const;  // φ'(v_i⁻)
  Activity<T> loss_gradient();  // ∂ℒ/∂r_L per sample, [rows, n_L].         marks: update locked

  // --- sending teaching signals
  // The teaching signal of a layer, as an expression of activities. Read as s.delta.                  marks: signed error, frozen activity
  template <class E>
  void deliver(std::size_t layer, const E& expression) {
    evaluate(expression, delivered(layer));
  }
  // An expression of activities, computed and kept until the trial ends, [rows, n_layer].
  template <class E>
  Activity<T> compute(std::size_t layer, const E& expression) {
    const Activity<T> out = kept(layer);
    evaluate(expression, out);
    return out;
  }
  // W_{i}ᵀ δ_{i}: what backprop sends down to layer i−1, [rows, n_{i−1}].                               marks: weight transport, backward locked
  Activity<T> transported(std::size_t layer);
  // B δ_{i+1} through a backward chain's matrix of `layer`, [rows, n_layer].                             marks: backward locked
  Activity<T> fed_back(std::string_view group, std::size_t layer);
  // G_i s: a direct feedback matrix applied to a signal of the output, [rows, n_layer].
  Activity<T> broadcast(std::string_view group, std::size_t layer, Activity<T> signal);

  // --- controlling the output
  // r* = r_L⁻ − step · ∂ℒ/∂r_L, the target of every controlled phase that follows.                      marks: update locked
  void nudge_target(double step);
  // r* = y, the label itself: its class's output at `true_class`, the others sharing the rest; for real targets y. Where the loss is the
  // cross-entropy, e = y − softmax(r_L), of every state anew. The error that the controller gets is multiplied by `gain` > 0.
  void clamp_target(double true_class, double gain = 1);
  // Lets the network settle under feedback control, T−1 Euler steps of the law; Settling::drive says how the control reaches the neurons, by
  // default through the feedback weights Q ("feedback").          marks: weight transport, where forward weights carry it
  template <class Law>
  void relax(const PiController& controller, const Settling& settling) {
    settle(law_function<T>(Law{}), controller, settling);
  }
  // The linearised steady state: u = (J Q + leak I)⁻¹ (r* − r_L⁻), v_i = v_i^ff + Q_i u in one nonlinear sweep. marks: analytic Jacobian
  void solve_control(double leak);
  // The smallest step that brings the output to its target, to first order: v_i = v_i⁻ + Δv_i with
  // Δv = Jᵀ (J C Jᵀ + damping I)⁻¹ (r* − r_L⁻), J = ∂r_L⁻/∂v, C = 1 for voltages, ‖r_{i−1}‖² and 1 for a bias for weights; damping 0: the
  // pseudo-inverse. Basal voltages and rates below stay at the feedforward point. Taken together, samples need the whole minibatch as one
  // trial.   marks: weight transport, signed error, backward locked, frozen activity, analytic Jacobian; together: batch statistics
  void step_to_target(Smallest smallest, double damping);
  // One feedforward sweep with noise in every voltage: v_i = W_i r_{i−1} + b_i + σ ξ_i. s.v_fb is σ ξ_i, s.u what it does to the output,
  // r_L − r_L⁻.                                                                        marks: second phase, frozen activity
  void sweep_with_noise(double sigma, double sigma_output);

  void mark(Mark mark);

 private:
  Activity<T> kept(std::size_t layer);
  // Where the teaching signal of a layer goes.
  Activity<T> delivered(std::size_t layer);
  void settle(LawFunction<T> law, const PiController& controller, const Settling& settling);

  const Network<T>& network_;
  TileState<T>& tile_;
  const BasicRule<T>& rule_;
  BasicDelta<T>& delta_;
};

extern template class BasicTrial<float>;
extern template class BasicTrial<double>;

}  // namespace apical
