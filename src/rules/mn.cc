// Minimum-norm update: the smallest push on the voltages that brings the output to its target.      Meulemans et al., NeurIPS 2021, Theorem 3
//
//   Δv = Jᵀ (J Jᵀ + γ I)⁻¹ (r* − r_L⁻),   r* = r_L⁻ − λ ∂ℒ/∂r_L,   J = ∂r_L⁻/∂v
//   linear      ΔW_i = Δv_i r_{i−1}ᵀ
//   nonlinear   ΔW_i = (φ(v_i⁻ + Δv_i) − φ(v_i⁻)) r_{i−1}ᵀ
//
//   J  [n_L, Σ n_i] of one sample      γ  damping      v_i⁻, r_{i−1}  voltages and rates of the feedforward pass
//   The authors' code takes λ = 1, the gradient of the mean loss, and evaluates the nonlinear form on the far side, φ(v_i⁻) − φ(v_i⁻ − Δv_i).
#include "apical/rule.h"

APICAL_CARD {
  return Card{
      .id = "mn",
      .title = "Minimum-norm update",
      .citation =
          "Meulemans, Tristany Farinha, García Ordóñez, Aceituno, Sacramento and Grewe, NeurIPS 34 (2021), "
          "arXiv 2106.07887",
      .equations = {"Δv = Jᵀ (J Jᵀ + γ I)⁻¹ (r* − r_L⁻),  r* = r_L⁻ − λ ∂ℒ/∂r_L",
                    "ΔW_i = Δv_i r_{i−1}ᵀ  (linear)",
                    "ΔW_i = (φ(v_i⁻ + Δv_i) − φ(v_i⁻)) r_{i−1}ᵀ  (nonlinear)"},
      .conventions =
          "Per sample, averaged over the minibatch. Paper: r* uses λ. Code: r* uses λ/B with λ = 1, and the "
          "nonlinear form is taken on "
          "the far side of v⁻.",
      .parameters = {choice("reading", "paper", {"paper", "code"},
                            "the step towards the target, or the authors' code: λ/B in place of λ, and the "
                            "nonlinear difference from the side "
                            "that the step leads away from, φ(v⁻) − φ(v⁻ − Δv)"),
                     choice("form", "linear", {"linear", "nonlinear"},
                            "teaching difference: Δv, or that of the rates"),
                     real("damping", 0, "", 0, 1e12, "γ: damping of the inverse; 0: the pseudo-inverse"),
                     real("target_step", 0.1, "", 0, 1e6,
                          "λ: step of the output target along the loss gradient")},
      .optimizers = {{"forward", {{"algorithm", "adam"}, {"learning_rate", 1e-3}}}},
      .presets = {{"reading", "code", {{"target_step", 1.0}}}},
      .marks = {Mark::weight_transport, Mark::signed_error, Mark::update_locked, Mark::backward_locked,
                Mark::frozen_activity, Mark::analytic_jacobian},
  };
}

class MinimumNorm final : public Rule {
 public:
  explicit MinimumNorm(const Parameters& settings)
      : code_(settings.text("reading") == "code"),
        nonlinear_(settings.text("form") == "nonlinear"),
        damping_(settings.real("damping")),
        step_(settings.real("target_step")) {}

  void assign(Trial& t) const override {
    t.nudge_target(code_ ? -step_ / static_cast<double>(t.batch_size()) : step_);
    t.step_to_target(Smallest::voltages, damping_);
  }

  void plasticity(std::string_view, const Synapses& s, Delta& d) const override {
    const Real side = code_ ? Real(-1) : Real(1);
    if (nonlinear_) {
      d += outer(side * (s.phi(s.v) - s.phi(s.v_minus)), s.r_prev);
    } else {
      d += outer(side * (s.v - s.v_minus), s.r_prev);
    }
  }

 private:
  bool code_, nonlinear_;
  double damping_, step_;
};

APICAL_RULE(MinimumNorm)
