// A learning rule of one's own: feedback alignment that hears only the error's sign (Frenkel et al. 2021).
#include <apical/recipe.h>
#include <apical/rule.h>
#include <apical/training.h>

#include <cstdio>

namespace mine {
using namespace apical;

// What deliver() and compute() take: value(i) for every element of a tile's block.
template <class F>
struct Each {
  F value;
};
template <class F, class T>
void evaluate(const Each<F>& each, const Activity<T>& out) {
  for (std::size_t i = 0; i < out.count(); ++i) out.data[i] = each.value(i);
}

template <class T>
struct SignDfa final : BasicRule<T> {
  // δ_L = ∂ℒ/∂r_L ⊙ φ'(v_L),   δ_i = (G_i sign ∂ℒ/∂r_L) ⊙ φ'(v_i)
  void assign(BasicTrial<T>& t) const override {
    const std::size_t L = t.depth();
    const auto e = t.loss_gradient(), slope = t.phi_prime(L);
    t.deliver(L, Each{[=](std::size_t i) { return e.data[i] * slope.data[i]; }});
    const auto sign = t.compute(L, Each{[=](std::size_t i) { return T(e.data[i] > 0) - T(e.data[i] < 0); }});
    for (std::size_t layer = 1; layer < L; ++layer) {
      const auto sent = t.broadcast("feedback", layer, sign), gate = t.phi_prime(layer);
      t.deliver(layer, Each{[=](std::size_t i) { return sent.data[i] * gate.data[i]; }});
    }
  }
  // ΔW_i = −δ_i r_{i−1}ᵀ
  void plasticity(std::string_view, const BasicSynapses<T>& s, BasicDelta<T>& d) const override {
    const auto term = d.begin_term();
    for (std::size_t i = 0; i < term.count; ++i) term.out[i] = -s.delta.data[i];
    d.end_term(s.r_prev);
  }
};

Card card() {
  Card card{"sdfa", "Sign direct feedback alignment", "Frenkel et al., Front. Neurosci. 15 (2021)", {}, {}};
  card.groups = {{.name = "feedback", .wiring = Wiring::direct_to_hidden, .initialiser = "xavier-normal"}};
  return card;
}

template <class T>
std::unique_ptr<BasicRule<T>> make(const Parameters&) {
  return std::make_unique<SignDfa<T>>();
}
}  // namespace mine

int main() {
  apical::register_rule({&mine::card, &mine::make<float>, &mine::make<double>});
  const auto recipe = apical::parse_recipe("problem.batch_size = 32\nrule.id = \"sdfa\"", "own_rule");
  const auto result = apical::train(recipe, 42, {});
  std::printf("test error %.2f %%, recorded in %s\n", 100 * result.test_error, result.directory.c_str());
}
