// Least control by dynamic inversion through learned weights (Kolen-Pollack).      Meulemans et al., NeurIPS 2022; Kolen and Pollack 1994
//
//   τ_v dv_i/dt = −v_i + W_i r_{i−1} + b_i + ψ_i,   r_i = φ(v_i)
//   τ_a dψ_i/dt = −ψ_i + φ'(v_i) ⊙ B_i ψ_{i+1},   at the output −ψ_L + φ'(v_L) ⊙ u
//   u = u_int + k_p e,   du_int/dt = k_i e − α u_int,   e = −∂ℒ/∂r_L
//   at rest   ΔW_i = ψ_i r_{i−1}ᵀ,   ΔB_i = r_i ψ_{i+1}ᵀ = ΔW_{i+1}ᵀ;   both decay
//
//   B_i [n_i, n_{i+1}]  feedback weights from layer i+1;   other symbols as in lcp_di.cc
#include "apical/rule.h"

APICAL_CARD {
  Card card{
      .id = "lcp-kp",
      .title = "Least control by dynamic inversion, Kolen-Pollack feedback",
      .citation =
          "Meulemans, Zucchet, Kobayashi, von Oswald and Sacramento, NeurIPS 35 (2022), arXiv 2207.01332; "
          "Kolen and Pollack, ICNN (1994)",
      .equations = {"τ_v dv_i/dt = −v_i + W_i r_{i−1} + b_i + ψ_i",
                    "τ_a dψ_i/dt = −ψ_i + φ'(v_i) ⊙ B_i ψ_{i+1},  at the output −ψ_L + φ'(v_L) ⊙ u",
                    "u = u_int + k_p e,  du_int/dt = k_i e − α u_int,  e = −∂ℒ/∂r_L",
                    "ΔW_i = ψ_i r_{i−1}ᵀ,  ΔB_i = r_i ψ_{i+1}ᵀ at rest"},
      .conventions =
          "ΔW and ΔB are averaged over the minibatch; their decay is the optimizers'. e = y − softmax(r_L) "
          "for cross-entropy, y − r_L for squared errors; code: divided by B.",
  };
  complete_least_control_card(card, ControlPath::learned_chain);
  return card;
}

class LeastControlByLearnedInversion final : public Rule {
 public:
  explicit LeastControlByLearnedInversion(const Parameters& settings)
      : least_(settings, ControlPath::learned_chain) {}

  void assign(Trial& t) const override {
    t.clamp_target(1, least_.gain(t.batch_size()));
    t.relax<PyramidalRate>(least_.controller(), least_.wake());
  }

  void plasticity(std::string_view group, const Synapses& s, Delta& d) const override {
    if (group == "feedback") {
      d += outer(Real(1) * s.r, s.v_fb_above);
    } else {
      d += outer(Real(1) * s.v_fb, s.r_prev);
    }
  }

 private:
  LeastControl least_;
};

APICAL_RULE(LeastControlByLearnedInversion)
