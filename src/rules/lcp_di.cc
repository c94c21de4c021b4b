// Least control by dynamic inversion: a second pathway finds the smallest control of every neuron.      Meulemans et al., NeurIPS 2022 (arXiv 2207.01332)
//
//   min over ψ of ½ Σ_i ‖ψ_i‖² + ℒ(r_L)/α   where   v_i = W_i r_{i−1} + b_i + ψ_i,   r_i = φ(v_i)
//
//   τ_v dv_i/dt = −v_i + W_i r_{i−1} + b_i + ψ_i
//   τ_a dψ_i/dt = −ψ_i + φ'(v_i) ⊙ W_{i+1}ᵀ ψ_{i+1},   at the output −ψ_L + φ'(v_L) ⊙ u
//   u = u_int + k_p e,   du_int/dt = k_i e − α u_int,   e = −∂ℒ/∂r_L
//   ΔW_i = ψ_i r_{i−1}ᵀ   at rest
//
//   v_i  soma    ψ_i  control of a neuron, its apical voltage    u  control of the output [n_L]    α  weight of control against loss
#include "apical/rule.h"

APICAL_CARD {
  Card card{
      .id = "lcp-di",
      .title = "Least control by dynamic inversion",
      .citation =
          "Meulemans, Zucchet, Kobayashi, von Oswald and Sacramento, NeurIPS 35 (2022), arXiv 2207.01332",
      .equations = {"τ_v dv_i/dt = −v_i + W_i r_{i−1} + b_i + ψ_i",
                    "τ_a dψ_i/dt = −ψ_i + φ'(v_i) ⊙ W_{i+1}ᵀ ψ_{i+1},  at the output −ψ_L + φ'(v_L) ⊙ u",
                    "u = u_int + k_p e,  du_int/dt = k_i e − α u_int,  e = −∂ℒ/∂r_L",
                    "ΔW_i = ψ_i r_{i−1}ᵀ at rest"},
      .conventions =
          "ΔW is averaged over the minibatch. e = y − softmax(r_L) for cross-entropy, y − r_L for squared "
          "errors; code: divided by B.",
  };
  complete_least_control_card(card, ControlPath::inversion);
  return card;
}

class LeastControlByInversion final : public Rule {
 public:
  explicit LeastControlByInversion(const Parameters& settings) : least_(settings, ControlPath::inversion) {}

  void assign(Trial& t) const override {
    t.clamp_target(1, least_.gain(t.batch_size()));
    t.relax<PyramidalRate>(least_.controller(), least_.wake());
  }

  void plasticity(std::string_view, const Synapses& s, Delta& d) const override {
    d += outer(Real(1) * s.v_fb, s.r_prev);
  }

 private:
  LeastControl least_;
};

APICAL_RULE(LeastControlByInversion)
