// Strong-DFC: the output is clamped to its label, and learning makes the control small.      Meulemans et al., ICML 2022 (arXiv 2204.07249)
//
//   τ_v dv_i/dt = −v_i + W_i r_{i−1} + b_i + v_i^fb,   r_i = φ(v_i)
//   u = u_int + k_p e,   du_int/dt = e − α u,   e(t) = y − softmax(r_L(t))  or  y − r_L(t)
//   single phase   v_i^fb = Q_i u + σ_i ξ̄_i;   W and Q learn at once:
//                  ΔW_i = c ⟨(φ(v_i) − φ(v_i^ff)) r_{i−1}ᵀ⟩_t   or the same at T, with slow rates
//                  ΔQ_i = −s_i ⟨v_i^fb(t) (u − ū)(t+dt)ᵀ⟩_t
//   two phases     wake without noise, v_i^fb = Q_i u;  sleep: ΔQ_i = −s_i ⟨v_i^fb(t) u(t+dt)ᵀ⟩_t, with the same target
//
//   v_i, v_i^ff, v_i^fb  soma, basal, apical voltage     u    control [n_L]          y  label: true_class for its class, the others sharing the rest
//   ξ̄                    noise with the time τ_noise     ū    u low-passed by τ_f    ⟨·⟩_t  mean over the states in time
//   c, s_i               2 and k_i/max(σ_i, 0.01)² in the authors' code, 1 and k_i in the paper;  k_i = (1 + τ_v/τ_noise)^{L−i}
#include "apical/rule.h"

APICAL_CARD {
  Card card{
      .id = "strong-dfc",
      .title = "Strong Deep Feedback Control",
      .citation =
          "Meulemans, Tristany Farinha, Cervera, Sacramento and Grewe, ICML (2022), PMLR 162, arXiv "
          "2204.07249",
      .equations = {"τ_v dv_i/dt = −v_i + W_i r_{i−1} + b_i + Q_i u + σ_i ξ̄_i",
                    "u = u_int + k_p e,  du_int/dt = e − α u,  e = y − softmax(r_L) or y − r_L",
                    "ΔW_i = c ⟨(φ(v_i) − φ(v_i^ff)) r_{i−1}ᵀ⟩_t", "ΔQ_i = −s_i ⟨v_i^fb(t) (u − ū)(t+dt)ᵀ⟩_t"},
      .conventions =
          "Averaged over states in time and over the minibatch. Code: c = 2, s_i = k_i/max(σ_i, 0.01)². "
          "Paper: c = 1, s_i = k_i. The "
          "error does not depend on the loss's scale: y − softmax(r_L) for cross-entropy, y − r_L for "
          "squared errors.",
  };
  complete_strong_feedback_card(card);
  return card;
}

class StrongDeepFeedbackControl final : public Rule {
 public:
  explicit StrongDeepFeedbackControl(const Parameters& settings) : strong_(settings) {}

  void assign(Trial& t) const override {
    t.clamp_target(strong_.true_class());
    if (t.pass() != "wake") return t.relax<PyramidalRate>(strong_.sleep_controller(), strong_.sleep());
    t.relax<PyramidalRate>(strong_.controller(), strong_.wake());
  }

  void plasticity(std::string_view group, const Synapses& s, Delta& d) const override {
    if (group == "feedback")
      return apical_plasticity(strong_.feedback_factor(s.pass, s.layer, s.depth), s, d);
    mismatch_plasticity(strong_.mismatch(), strong_.factor(), s, d);
  }

 private:
  StrongFeedback strong_;
};

APICAL_RULE(StrongDeepFeedbackControl)
