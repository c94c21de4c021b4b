// Deep Feedback Control, steady state: simulates the controlled dynamics and learns from the last state.      Meulemans et al., NeurIPS 2021
//
//   τ_v dv_i/dt = −v_i + W_i r_{i−1} + b_i + Q_i u,   r_i = φ(v_i),   until t = T
//   u = u_int + k_p e,   du_int/dt = e − α u,   e = r* − r_L,   r* = r_L⁻ − λ ∂ℒ/∂r_L
//   wake    ΔW_i = c (φ(v_i) − φ(v_i^ff)) r_{i−1}ᵀ   at T
//   sleep   ΔQ_i = −s ⟨v_i^fb(t) u(t+dt)ᵀ⟩_t,   under apical noise, r* = r_L⁻
//
//   symbols as in dfc.cc
#include "apical/rule.h"

APICAL_CARD {
  Card card{
      .id = "dfc-ss",
      .title = "Deep Feedback Control, steady state",
      .citation =
          "Meulemans, Tristany Farinha, García Ordóñez, Aceituno, Sacramento and Grewe, NeurIPS 34 (2021), "
          "arXiv 2106.07887",
      .equations = {"τ_v dv_i/dt = −v_i + W_i r_{i−1} + b_i + Q_i u",
                    "u = u_int + k_p e,  du_int/dt = e − α u,  e = r* − r_L",
                    "ΔW_i = c (φ(v_i) − φ(v_i^ff)) r_{i−1}ᵀ at the last state",
                    "ΔQ_i = −s ⟨v_i^fb(t) u(t+dt)ᵀ⟩_t  (sleep)"},
      .conventions =
          "Averaged over the minibatch. Code: c = 2, r* uses λ/B, s = 1/max(σ, 0.01)². Paper: c = s = 1, r* "
          "uses λ.",
      .marks = {Mark::update_locked},
  };
  complete_deep_feedback_card(card, Control::simulated);
  return card;
}

class DeepFeedbackControlSteadyState final : public Rule {
 public:
  explicit DeepFeedbackControlSteadyState(const Parameters& settings) : dfc_(settings) {}

  void assign(Trial& t) const override {
    if (t.pass() != "wake") return deep_feedback_sleep(dfc_, t);
    t.nudge_target(dfc_.nudge(t.batch_size()));
    t.relax<PyramidalRate>(dfc_.controller(), dfc_.wake(Learn::last));
  }

  void plasticity(std::string_view group, const Synapses& s, Delta& d) const override {
    deep_feedback_plasticity(dfc_, group, s, d);
  }

 private:
  DeepFeedback dfc_;
};

APICAL_RULE(DeepFeedbackControlSteadyState)
