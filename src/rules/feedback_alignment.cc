// Feedback alignment.      Lillicrap, Cownden, Tweed and Akerman 2016 (Nature Communications 7:13276)
//
//   δ_L = ∂ℒ/∂r_L ⊙ φ'(v_L)
//   δ_i = (B_i δ_{i+1}) ⊙ φ'(v_i)
//   ΔW_i = −δ_i r_{i−1}ᵀ,   Δb_i = −δ_i
//
//   B_i  fixed random feedback weights [n_i, n_{i+1}] where backprop reads W_{i+1}ᵀ
#include "apical/rule.h"

APICAL_CARD {
  return Card{
      .id = "feedback-alignment",
      .title = "Feedback alignment",
      .citation = "Lillicrap, Cownden, Tweed and Akerman, Nature Communications 7:13276 (2016)",
      .equations = {"δ_L = ∂ℒ/∂r_L ⊙ φ'(v_L)", "δ_i = (B_i δ_{i+1}) ⊙ φ'(v_i)", "ΔW_i = −δ_i r_{i−1}ᵀ"},
      .conventions = "ΔW is averaged over the minibatch. B is Xavier-uniform and never learns.",
      .groups = {{.name = "feedback",
                  .wiring = Wiring::backward_chain,
                  .initialiser = "xavier-uniform",
                  .meaning = "fixed random feedback weights B"}},
      .optimizers = {{"forward", {{"algorithm", "adam"}, {"learning_rate", 1e-3}}}},
      .marks = {Mark::signed_error, Mark::update_locked, Mark::backward_locked, Mark::frozen_activity},
  };
}

class FeedbackAlignment final : public Rule {
 public:
  explicit FeedbackAlignment(const Parameters&) {}

  void assign(Trial& t) const override {
    const std::size_t L = t.depth();
    t.deliver(L, t.loss_gradient() * t.phi_prime(L));
    for (std::size_t i = L - 1; i >= 1; --i) t.deliver(i, t.fed_back("feedback", i) * t.phi_prime(i));
  }

  void plasticity(std::string_view, const Synapses& s, Delta& d) const override {
    d -= outer(s.delta, s.r_prev);
  }
};

APICAL_RULE(FeedbackAlignment)
