// Gauss-Newton update: the smallest change of the weights that brings the output to its target.      Meulemans et al., NeurIPS 2021, eq. 7, Theorem 2
//
//   z = (J_W J_Wᵀ + γ I)⁻¹ (r* − r_L⁻),   r* = r_L⁻ − λ ∂ℒ/∂r_L
//   J_W J_Wᵀ = Σ_i J_i J_iᵀ (‖r_{i−1}‖² + [1 with biases]),   J_i = ∂r_L⁻/∂v_i
//   ΔW_i = J_iᵀ z r_{i−1}ᵀ,   Δb_i = J_iᵀ z
//
//   J_W  Jacobian of the output by all weights and biases       γ  damping
//   samples = each: one system per sample, and the mean of their steps (the authors' code);   together: one system with the rows of all
//   samples, whose step moves every output of the minibatch at once
#include "apical/rule.h"

APICAL_CARD {
  return Card{
      .id = "gn",
      .title = "Gauss-Newton update",
      .citation =
          "Meulemans, Tristany Farinha, García Ordóñez, Aceituno, Sacramento and Grewe, NeurIPS 34 (2021), "
          "arXiv 2106.07887",
      .equations = {"z = (J_W J_Wᵀ + γ I)⁻¹ (r* − r_L⁻),  r* = r_L⁻ − λ ∂ℒ/∂r_L",
                    "J_W J_Wᵀ = Σ_i J_i J_iᵀ (‖r_{i−1}‖² + [bias])", "ΔW_i = J_iᵀ z r_{i−1}ᵀ"},
      .conventions =
          "samples = each: averaged over the minibatch. together: the step of the joint system itself, not "
          "divided by B. Paper: r* "
          "uses λ. Code: λ/B with λ = 1.",
      .parameters =
          {choice("reading", "paper", {"paper", "code"},
                  "the target's step λ, or λ/B as in the authors' code"),
           choice("samples", "each", {"each", "together"},
                  "the mean of each sample's Gauss-Newton step, or that of the minibatch as one system"),
           real("damping", 0.1, "", 0, 1e12, "γ: damping of the inverse; 0: the pseudo-inverse"),
           real("target_step", 0.1, "", 0, 1e6, "λ: step of the output target along the loss gradient")},
      .optimizers = {{"forward", {{"algorithm", "adam"}, {"learning_rate", 1e-3}}}},
      .presets = {{"reading", "code", {{"target_step", 1.0}}}},
      .marks = {Mark::weight_transport, Mark::signed_error, Mark::update_locked, Mark::backward_locked,
                Mark::frozen_activity, Mark::analytic_jacobian},
      .configure = [](Card& card, const Parameters& settings) {
        if (settings.text("samples") != "together") return;
        card.whole_minibatch = true;
        card.marks.add(Mark::batch_statistics);
      }};
}

class GaussNewton final : public Rule {
 public:
  explicit GaussNewton(const Parameters& settings)
      : code_(settings.text("reading") == "code"),
        smallest_(settings.text("samples") == "each" ? Smallest::weights : Smallest::weights_of_all),
        damping_(settings.real("damping")),
        step_(settings.real("target_step")) {}

  void assign(Trial& t) const override {
    t.nudge_target(code_ ? step_ / static_cast<double>(t.batch_size()) : step_);
    t.step_to_target(smallest_, damping_);
  }

  void plasticity(std::string_view, const Synapses& s, Delta& d) const override {
    d += outer(Real(1) * (s.v - s.v_minus), s.r_prev);
  }

 private:
  bool code_;
  Smallest smallest_;
  double damping_, step_;
};

APICAL_RULE(GaussNewton)
