// Shallow learning: the control that every rule has to beat. Hidden layers stay as they began, only the read-out learns.
//
//   ΔW_L = −(∂ℒ/∂r_L ⊙ φ'(v_L)) r_{L−1}ᵀ,   ΔW_i = 0 for i < L
#include "apical/rule.h"

APICAL_CARD {
  return Card{
      .id = "shallow",
      .title = "Shallow control",
      .citation = "A control, not a published rule: a trained read-out on random features",
      .equations = {"ΔW_L = −(∂ℒ/∂r_L ⊙ φ'(v_L)) r_{L−1}ᵀ", "ΔW_i = 0 for i < L"},
      .conventions = "ΔW is averaged over the minibatch.",
      .optimizers = {{"forward", {{"algorithm", "adam"}, {"learning_rate", 1e-3}}}},
      .marks = {Mark::signed_error, Mark::update_locked, Mark::frozen_activity},
  };
}

class Shallow final : public Rule {
 public:
  explicit Shallow(const Parameters&) {}

  void assign(Trial& t) const override { t.deliver(t.depth(), t.loss_gradient() * t.phi_prime(t.depth())); }

  void plasticity(std::string_view, const Synapses& s, Delta& d) const override {
    if (s.layer == s.depth) d -= outer(s.delta, s.r_prev);
  }
};

APICAL_RULE(Shallow)
