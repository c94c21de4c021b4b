// Least control as energy-based dynamics: the network descends its control and its loss together.      Meulemans et al., NeurIPS 2022 (arXiv 2207.01332)
//
//   E(v) = ½ Σ_i ‖ψ_i‖² + ℒ(r_L)/α,   ψ_i = v_i − W_i r_{i−1} − b_i,   r_i = φ(v_i)
//   τ_v dv_i/dt = −∂E/∂v_i = −ψ_i + φ'(v_i) ⊙ W_{i+1}ᵀ ψ_{i+1},   at the output −ψ_L + φ'(v_L) ⊙ e/α,   e = −∂ℒ/∂r_L
//   ΔW_i = −∂E/∂W_i = ψ_i r_{i−1}ᵀ   in the last state
//
//   ψ_i  how far the soma is from its basal voltage, kept by error neurons or by the neuron itself;   other symbols as in lcp_di.cc
#include "apical/rule.h"

APICAL_CARD {
  Card card{
      .id = "lcp-ebd",
      .title = "Least control as energy-based dynamics",
      .citation =
          "Meulemans, Zucchet, Kobayashi, von Oswald and Sacramento, NeurIPS 35 (2022), arXiv 2207.01332",
      .equations = {"E = ½ Σ_i ‖ψ_i‖² + ℒ(r_L)/α,  ψ_i = v_i − W_i r_{i−1} − b_i",
                    "τ_v dv_i/dt = −ψ_i + φ'(v_i) ⊙ W_{i+1}ᵀ ψ_{i+1},  at the output −ψ_L + φ'(v_L) ⊙ e/α",
                    "ΔW_i = ψ_i r_{i−1}ᵀ in the last state"},
      .conventions =
          "ΔW is averaged over the minibatch. e = y − softmax(r_L) for cross-entropy, y − r_L for squared "
          "errors; code: divided by B, and descended by Adam instead of a flow.",
  };
  complete_least_control_card(card, ControlPath::energy);
  return card;
}

class LeastControlByEnergy final : public Rule {
 public:
  explicit LeastControlByEnergy(const Parameters& settings) : least_(settings, ControlPath::energy) {}

  void assign(Trial& t) const override {
    t.clamp_target(1, least_.gain(t.batch_size()));
    t.relax<PyramidalRate>(least_.controller(), least_.wake());
  }

  void plasticity(std::string_view, const Synapses& s, Delta& d) const override {
    d += outer(s.v - s.v_ff, s.r_prev);
  }

 private:
  LeastControl least_;
};

APICAL_RULE(LeastControlByEnergy)
