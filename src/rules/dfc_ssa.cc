// Deep Feedback Control, analytic steady state: solves for the control instead of simulating it.      Meulemans et al., NeurIPS 2021, Lemma 1
//
//   u = (J Q + α I)⁻¹ (r* − r_L⁻),   r* = r_L⁻ − λ ∂ℒ/∂r_L,   J = ∂r_L⁻/∂v
//   v_i = W_i r_{i−1} + b_i + Q_i u,   r_i = φ(v_i),   in one sweep
//   wake    ΔW_i = c (φ(v_i) − φ(v_i^ff)) r_{i−1}ᵀ
//   sleep   ΔQ_i = −s ⟨v_i^fb(t) u(t+dt)ᵀ⟩_t,   simulated under apical noise, r* = r_L⁻
//
//   symbols as in dfc.cc;   in the paper's reading α is α/(1 + α k_p), which is α here, where k_p = 0
#include "apical/rule.h"

APICAL_CARD {
  Card card{
      .id = "dfc-ssa",
      .title = "Deep Feedback Control, analytic steady state",
      .citation =
          "Meulemans, Tristany Farinha, García Ordóñez, Aceituno, Sacramento and Grewe, NeurIPS 34 (2021), "
          "arXiv 2106.07887",
      .equations = {"u = (J Q + α I)⁻¹ (r* − r_L⁻)", "v_i = W_i r_{i−1} + b_i + Q_i u",
                    "ΔW_i = c (φ(v_i) − φ(v_i^ff)) r_{i−1}ᵀ", "ΔQ_i = −s ⟨v_i^fb(t) u(t+dt)ᵀ⟩_t  (sleep)"},
      .conventions =
          "Averaged over the minibatch. Code: c = 2, r* uses λ/B, s = 1/max(σ, 0.01)². Paper: c = s = 1, r* "
          "uses λ.",
      .marks = {Mark::update_locked, Mark::analytic_jacobian},
  };
  complete_deep_feedback_card(card, Control::solved);
  return card;
}

class DeepFeedbackControlAnalytic final : public Rule {
 public:
  explicit DeepFeedbackControlAnalytic(const Parameters& settings) : dfc_(settings) {}

  void assign(Trial& t) const override {
    if (t.pass() != "wake") return deep_feedback_sleep(dfc_, t);
    t.nudge_target(dfc_.nudge(t.batch_size()));
    t.solve_control(dfc_.controller().steady_leak());
  }

  void plasticity(std::string_view group, const Synapses& s, Delta& d) const override {
    deep_feedback_plasticity(dfc_, group, s, d);
  }

 private:
  DeepFeedback dfc_;
};

APICAL_RULE(DeepFeedbackControlAnalytic)
