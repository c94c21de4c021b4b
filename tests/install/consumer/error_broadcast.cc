// A rule out of the tree: errors of a linear read-out broadcast to the hidden layers.   δ_i = (G_i δ_L) ⊙ φ'(v_i)
#include "apical/rule.h"

APICAL_CARD {
  return Card{
      .id = "error-broadcast",
      .title = "Error broadcast",
      .citation = "an example",
      .equations = {"δ_i = (G_i δ_L) ⊙ φ'(v_i)"},
      .conventions = "Averaged over the minibatch.",
      .groups = {{.name = "feedback", .wiring = Wiring::direct_to_hidden, .initialiser = "xavier-normal"}},
      .marks = {Mark::signed_error, Mark::update_locked, Mark::frozen_activity}};
}

class ErrorBroadcast final : public Rule {
 public:
  explicit ErrorBroadcast(const Parameters&) {}

  void assign(Trial& t) const override {
    const std::size_t L = t.depth();
    t.deliver(L, t.loss_gradient());
    for (std::size_t i = 1; i < L; ++i)
      t.deliver(i, t.broadcast("feedback", i, t.loss_gradient()) * t.phi_prime(i));
  }

  void plasticity(std::string_view, const Synapses& s, Delta& d) const override {
    d -= outer(s.delta, s.r_prev);
  }
};

APICAL_RULE(ErrorBroadcast)
