// Direct feedback alignment.      Nøkland 2016 (arXiv 1609.01596)
//
//   δ_L = ∂ℒ/∂r_L ⊙ φ'(v_L)
//   δ_i = (G_i δ_L) ⊙ φ'(v_i)
//   ΔW_i = −c δ_i r_{i−1}ᵀ,   Δb_i = −c δ_i
//
//   G_i  fixed random feedback weights [n_i, n_L], from the output straight to each hidden layer
//   c    1, or 2 λ/B in the convention of the DFC authors' code, where λ is the target step and B the minibatch
#include "apical/rule.h"

APICAL_CARD {
  return Card{
      .id = "dfa",
      .title = "Direct feedback alignment",
      .citation = "Nøkland, Advances in Neural Information Processing Systems 29 (2016), arXiv 1609.01596",
      .equations = {"δ_L = ∂ℒ/∂r_L ⊙ φ'(v_L)", "δ_i = (G_i δ_L) ⊙ φ'(v_i)", "ΔW_i = −c δ_i r_{i−1}ᵀ"},
      .conventions =
          "ΔW is averaged over the minibatch. c = 1 (standard) or 2 λ/B (dfc2021). G is Xavier-normal and "
          "never learns.",
      .parameters = {choice("convention", "standard", {"standard", "dfc2021"},
                            "factor c of the update: 1, or 2 λ/B as in the DFC authors' code"),
                     real("target_step", 0.001, "", 0, 1e6, "λ of the dfc2021 convention")},
      .groups = {{.name = "feedback",
                  .wiring = Wiring::direct_to_hidden,
                  .initialiser = "xavier-normal",
                  .meaning = "fixed random feedback weights G"}},
      .optimizers = {{"forward", {{"algorithm", "adam"}, {"learning_rate", 1e-3}}}},
      .marks = {Mark::signed_error, Mark::update_locked, Mark::frozen_activity},
  };
}

class DirectFeedbackAlignment final : public Rule {
 public:
  explicit DirectFeedbackAlignment(const Parameters& settings)
      : dfc2021_(settings.text("convention") == "dfc2021"), step_(settings.real("target_step")) {}

  void assign(Trial& t) const override {
    const std::size_t L = t.depth();
    const Real c = dfc2021_ ? static_cast<Real>(2 * step_ / static_cast<double>(t.batch_size())) : Real(1);
    const auto delta_L = t.compute(L, t.loss_gradient() * t.phi_prime(L));
    t.deliver(L, c * delta_L);
    for (std::size_t i = 1; i < L; ++i)
      t.deliver(i, c * (t.broadcast("feedback", i, delta_L) * t.phi_prime(i)));
  }

  void plasticity(std::string_view, const Synapses& s, Delta& d) const override {
    d -= outer(s.delta, s.r_prev);
  }

 private:
  bool dfc2021_;
  double step_;
};

APICAL_RULE(DirectFeedbackAlignment)
