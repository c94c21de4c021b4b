// Backpropagation of errors.      Rumelhart, Hinton and Williams 1986; Werbos 1974
//
//   δ_L = ∂ℒ/∂r_L ⊙ φ'(v_L)
//   δ_i = (W_{i+1}ᵀ δ_{i+1}) ⊙ φ'(v_i)
//   ΔW_i = −δ_i r_{i−1}ᵀ,   Δb_i = −δ_i
//
//   δ_i  error of layer i's voltages        r_i = φ(v_i)  rates        ℒ  loss of one sample
#include "apical/rule.h"

APICAL_CARD {
  return Card{
      .id = "backprop",
      .title = "Backpropagation",
      .citation = "Rumelhart, Hinton and Williams, Nature 323 (1986); Werbos, PhD thesis, Harvard (1974)",
      .equations = {"δ_L = ∂ℒ/∂r_L ⊙ φ'(v_L)", "δ_i = (W_{i+1}ᵀ δ_{i+1}) ⊙ φ'(v_i)", "ΔW_i = −δ_i r_{i−1}ᵀ"},
      .conventions = "ΔW is minus the gradient of the loss, averaged over the minibatch.",
      .optimizers = {{"forward", {{"algorithm", "adam"}, {"learning_rate", 1e-3}}}},
      .marks = {Mark::weight_transport, Mark::signed_error, Mark::update_locked, Mark::backward_locked,
                Mark::frozen_activity},
  };
}

class Backprop final : public Rule {
 public:
  explicit Backprop(const Parameters&) {}

  void assign(Trial& t) const override {
    const std::size_t L = t.depth();
    t.deliver(L, t.loss_gradient() * t.phi_prime(L));
    for (std::size_t i = L - 1; i >= 1; --i) t.deliver(i, t.transported(i + 1) * t.phi_prime(i));
  }

  void plasticity(std::string_view, const Synapses& s, Delta& d) const override {
    d -= outer(s.delta, s.r_prev);
  }
};

APICAL_RULE(Backprop)
