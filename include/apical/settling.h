// How a network is driven to its target: the controller, and the settings of a settling phase.
#pragma once

#include <cstddef>
#include <cstdint>

namespace apical {

// Proportional-integral controller of the output.     Meulemans et al. 2021, eq. 4
//
//   u = u_int + k_p e,   τ_u du_int/dt = k_i e − α u_int  (paper)   or   k_i e − α u  (the authors' code);   τ_u = 1
//
// e  output error r* − r_L;   u  control signal [n_L];   k_p, k_i ≥ 0  gains, k_i = 1 in the paper;   α ≥ 0  leak.
struct PiController {
  double k_p = 0;
  double k_i = 1;  // 0: the control is proportional to the error alone
  double alpha = 0;
  bool leak_on_control = true;  // α leaks the whole u (code) instead of u_int (paper)

  // One Euler step of length dt for one output unit: e(t), u_int(t), u(t) → u_int(t+dt), u(t+dt).
  template <class F>
  void step(F e, F dt, F& u_int, F& u) const {
    const F leak = static_cast<F>(alpha) * (leak_on_control ? u : u_int);
    u_int += dt * (static_cast<F>(k_i) * e - leak);
    u = u_int + static_cast<F>(k_p) * e;
  }
  // Leak of the control that the steady state sees: e = leak · u. Lemma 1's α̃ = α/(1 + α k_p) for the paper's form.
  double steady_leak() const { return leak_on_control ? alpha / k_i : alpha / (k_i + alpha * k_p); }
};

enum class Learn { never, last, each_step };

// How far a settling phase goes.
enum class Settle {
  steps,          // all T states, as published
  until_settled,  // until every sample of the tile has settled; T states at most
  solve,  // to the equilibrium, by a solver; simulated where that finds none that it can certify as stable
  linear_response  // all T states, to first order in the push on the target; simulated where that does not do
};

// What drives the apical compartments from state to state.
enum class Drive {
  control,  // Q_i u: the control itself; the output's is u where the weights have no matrix for it
  inversion,  // φ'(v_i) ⊙ B_i v_{i+1}^fb: the apical voltages of the layer above; the output's is φ'(v_L) ⊙ u
  energy,  // φ'(v_i) ⊙ B_i (v_{i+1} − v_{i+1}^ff): the mismatch of the layer above; the output's is φ'(v_L) ⊙ u
};

struct Settling {
  std::int64_t steps = 1000;  // T: states 0 … T−1, so T−1 Euler steps
  double dt = 0.02;           // Euler step, in units of τ_u
  double tau_v = 0.2;         // somatic time constant, in units of τ_u; never below dt
  double tau_a = 0;           // apical time constant; ≤ dt: instantaneous
  bool instantaneous_transmission =
      true;                 // layers see the rates below of the same step, not of the step before
  bool proactive = true;    // compartments see the control of the same step, not of the step before
  double sigma = 0;         // s.d. of apical noise in hidden layers
  double sigma_output = 0;  // and in the output layer
  double tau_noise =
      0;  // > 0: the noise is low-passed with this time constant, and enters the apical voltage as σ ξ̄
  double filter =
      0;  // > 0: dt/τ_f of the filters through which plasticity sees, from step to step, the control without its slow
  // part and, where it learns from the last state, the rates below without their fast part
  bool to_own_output =
      false;  // the target is the feedforward output itself (sleep), instead of the nudged one
  Learn learn = Learn::last;
  Settle how = Settle::steps;
  // until_settled: the residual below which every sample has to stay for as long as its slowest compartment takes;   0: 1e-6
  // solve: relative error of the control;   0: 1e-9, in float32 1e-6
  // linear_response: relative error of the states;   0: 1e-3
  double tolerance = 0;
  Drive drive = Drive::control;      // only Drive::control can be solved for
  const char* through = "feedback";  // the weights that carry it; "forward": W_{i+1}ᵀ
  const char* group = "forward";     // whose plasticity is called at each step
  // Plasticity at each step reads v_ff, or v_fb where that is instantaneous. Without them a step is faster.
  bool reads_input = true;
  const char* also = "";  // a group of feedback weights that learns at each step beside it; empty: none
  bool include_unsettled = false;  // samples that did not settle take part in the update
  bool error_remains = false;      // rest leaves an error, what control costs: the residual alone decides
  bool renew_basal =
      false;  // plasticity forms v_ff anew from the rates below at the same state, and moves v along (delayed transmission)
  bool streaming =
      false;  // the authors' "efficient" bookkeeping: mean over T−1, diverged samples left out step by step
};

// A settling phase as a rule asked for it: what the stability of the loop that it closes depends on.
struct ControlledDynamics {
  PiController controller;
  Settling settling;
  // e = gain (r* − r_L), or, where a softmax follows the output, gain (y − softmax(r_L))
  double gain = 1;
  bool softmax = false;
};

// Whether a sample's states were simulated, solved for (a rest point or a linear response), or simulated because they could not be solved for.
enum class Found : std::uint8_t { simulated, solved, fell_back };

// What became of one sample's settling, with the thresholds of the authors' code.     docs/concepts/settling-and-convergence.md
struct Settled {
  double residual = 0;  // ‖r_L − (r* − α u)‖ / ‖r_L⁻‖ at the last state
  double error = 0;     // ‖r* − r_L‖ at the last state
  // How far the output went beyond its target, as a share of the way: max over t of
  // ⟨r_L(t) − r_L⁻, δ⟩ / ‖δ‖² − 1 with δ = r* − r_L⁻, at least 0; not a number where the target moves.
  double overshoot = 0;
  std::int64_t time = 0;   // the first state from which on the residual stayed below 1e-5; T if it never did
  bool converged = false;  // residual < 1e-5 and, unless error_remains, error < ε² error(0), ε = 0.5
  bool diverged = false;   // residual > 1, or not finite
  Found found = Found::simulated;
};

}  // namespace apical
