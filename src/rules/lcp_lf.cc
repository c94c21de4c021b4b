// Least control by linear feedback: the control is handed out through weights that learn to make it small.      Meulemans et al., NeurIPS 2022
//
//   τ_v dv_i/dt = −v_i + W_i r_{i−1} + b_i + ψ_i,   r_i = φ(v_i),   ψ_i = Q_i u,   at the output ψ_L = u
//   u = u_int + k_p e,   du_int/dt = k_i e − α u_int,   e = −∂ℒ/∂r_L
//   wake    ΔW_i = φ'(v_i) ⊙ ψ_i r_{i−1}ᵀ   at rest
//   sleep   ΔQ_i = −⟨v_i^fb(t) (u − ū)(t+dt)ᵀ⟩_t / σ²,   v_i^fb = Q_i u + σ ξ̄_i,   with the same e
//
//   Q_i [n_i, n_L]  feedback weights    ξ̄  noise with the time τ_noise    ū  u low-passed by τ_f;   other symbols as in lcp_di.cc
#include "apical/rule.h"

APICAL_CARD {
  Card card{
      .id = "lcp-lf",
      .title = "Least control by linear feedback",
      .citation =
          "Meulemans, Zucchet, Kobayashi, von Oswald and Sacramento, NeurIPS 35 (2022), arXiv 2207.01332",
      .equations = {"τ_v dv_i/dt = −v_i + W_i r_{i−1} + b_i + Q_i u,  at the output u",
                    "u = u_int + k_p e,  du_int/dt = k_i e − α u_int,  e = −∂ℒ/∂r_L",
                    "ΔW_i = φ'(v_i) ⊙ Q_i u r_{i−1}ᵀ at rest",
                    "ΔQ_i = −⟨v_i^fb(t) (u − ū)(t+dt)ᵀ⟩_t / σ²  (sleep)"},
      .conventions =
          "ΔW is averaged over the minibatch, ΔQ also over states in time. e = y − softmax(r_L) for "
          "cross-entropy, y − r_L for squared errors; code: divided by B.",
  };
  complete_least_control_card(card, ControlPath::broadcast);
  return card;
}

class LeastControlByLinearFeedback final : public Rule {
 public:
  explicit LeastControlByLinearFeedback(const Parameters& settings)
      : least_(settings, ControlPath::broadcast) {}

  void assign(Trial& t) const override {
    t.clamp_target(1, least_.gain(t.batch_size()));
    t.relax<PyramidalRate>(least_.controller(), t.pass() == "wake" ? least_.wake() : least_.sleep());
  }

  void plasticity(std::string_view group, const Synapses& s, Delta& d) const override {
    if (group == "feedback") return apical_plasticity(least_.feedback_factor(), s, d);
    d += outer(s.phi_prime(s.v) * s.v_fb, s.r_prev);
  }

 private:
  LeastControl least_;
};

APICAL_RULE(LeastControlByLinearFeedback)
