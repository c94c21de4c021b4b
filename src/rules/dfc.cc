// Deep Feedback Control: learning at every moment of the controlled dynamics.      Meulemans et al., NeurIPS 2021 (arXiv 2106.07887), eq. 1–5, 12
//
//   τ_v dv_i/dt = −v_i + W_i r_{i−1} + b_i + Q_i u,   r_i = φ(v_i)
//   u = u_int + k_p e,   du_int/dt = e − α u,   e = r* − r_L,   r* = r_L⁻ − λ ∂ℒ/∂r_L
//   wake    ΔW_i = c ⟨(φ(v_i) − φ(v_i^ff)) r_{i−1}ᵀ⟩_t
//   sleep   ΔQ_i = −s ⟨v_i^fb(t) u(t+dt)ᵀ⟩_t,   under apical noise, r* = r_L⁻
//
//   v_i     somatic voltage              v_i^ff  basal voltage W_i r_{i−1} + b_i      v_i^fb  apical voltage
//   u       control signal [n_L]         Q_i     feedback weights [n_i, n_L]          ⟨·⟩_t   mean over the states in time
//   c, s    2 and 1/max(σ, 0.01)² in the authors' code, 1 and 1 in the paper
#include "apical/rule.h"

APICAL_CARD {
  Card card{
      .id = "dfc",
      .title = "Deep Feedback Control",
      .citation =
          "Meulemans, Tristany Farinha, García Ordóñez, Aceituno, Sacramento and Grewe, NeurIPS 34 (2021), "
          "arXiv 2106.07887",
      .equations = {"τ_v dv_i/dt = −v_i + W_i r_{i−1} + b_i + Q_i u",
                    "u = u_int + k_p e,  du_int/dt = e − α u,  e = r* − r_L",
                    "ΔW_i = c ⟨(φ(v_i) − φ(v_i^ff)) r_{i−1}ᵀ⟩_t",
                    "ΔQ_i = −s ⟨v_i^fb(t) u(t+dt)ᵀ⟩_t  (sleep)"},
      .conventions =
          "Averaged over states in time and over the minibatch. Code: c = 2, r* uses λ/B, s = 1/max(σ, "
          "0.01)². Paper: c = s = 1, r* uses λ.",
      .marks = {Mark::update_locked},
  };
  complete_deep_feedback_card(card, Control::simulated, Learn::each_step);
  return card;
}

class DeepFeedbackControl final : public Rule {
 public:
  explicit DeepFeedbackControl(const Parameters& settings) : dfc_(settings) {}

  void assign(Trial& t) const override {
    if (t.pass() != "wake") return deep_feedback_sleep(dfc_, t);
    t.nudge_target(dfc_.nudge(t.batch_size()));
    t.relax<PyramidalRate>(dfc_.controller(), dfc_.wake(Learn::each_step));
  }

  void plasticity(std::string_view group, const Synapses& s, Delta& d) const override {
    deep_feedback_plasticity(dfc_, group, s, d);
  }

 private:
  DeepFeedback dfc_;
};

APICAL_RULE(DeepFeedbackControl)
