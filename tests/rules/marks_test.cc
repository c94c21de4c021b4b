// What a rule's card declares of its locality is what its verbs leave behind at run time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "network/toy.h"

namespace apical {
namespace {

// Every way in which a rule's choices can be set.
std::vector<Overrides> variants_of(const Card& card) {
  std::vector<Overrides> variants = {{}};
  for (const Parameter& parameter : card.parameters) {
    for (const std::string& word : parameter.choices) variants.push_back({{parameter.name, word}});
    if (std::holds_alternative<bool>(parameter.fallback))
      variants.push_back({{parameter.name, !std::get<bool>(parameter.fallback)}});
  }
  return variants;
}

// What the passes leave, and which there were.
Marks marks_of(const std::string& id, Overrides overrides) {
  const Toy toy = make_toy({.units = {6, 5, 4, 3}, .batch = 18});
  const Card card = rule_named(id, "test").card();
  for (const char* steps : {"steps", "steps_fb"}) {
    for (const Parameter& parameter : card.parameters) {
      if (parameter.name == steps) overrides.emplace_back(steps, std::int64_t{20});
    }
  }
  Pool pool(2);
  const Card configured = card.configured(settings_of(id, overrides));
  Bench<float> bench(toy, id, overrides, pool, configured.whole_minibatch);
  bench.minibatch().reset_marks();
  for (const Pass& pass : configured.passes) {
    bench.run(id, overrides,
              {.pass = pass.name, .group = pass.group, .seed = 0, .epoch = 0, .also = pass.also});
  }
  return bench.minibatch().marks();
}

TEST(Marks, ThatACardDeclaresAreThoseThatItsPassesLeave) {
  ASSERT_GE(all_rules().size(), 7u);
  for (const RuleEntry& entry : all_rules()) {
    const Card card = entry.card();
    for (const Overrides& variant : variants_of(card)) {
      const std::string choice = variant.empty() ? "as it comes" : std::string(variant.front().first);
      const Parameters settings = settings_of(card.id, variant);
      EXPECT_THAT(marks_of(card.id, variant).names(),
                  ::testing::ElementsAreArray(card.configured(settings).marks.names()))
          << card.id << ", " << choice;
    }
  }
}

TEST(Marks, OfBackpropSayThatItTransportsWeights) {
  EXPECT_TRUE(marks_of("backprop", {}).has(Mark::weight_transport));
  EXPECT_FALSE(marks_of("feedback-alignment", {}).has(Mark::weight_transport));
  EXPECT_FALSE(marks_of("dfa", {}).has(Mark::backward_locked));
  EXPECT_FALSE(marks_of("dfc", {}).has(Mark::signed_error));
  EXPECT_TRUE(marks_of("dfc-ssa", {}).has(Mark::analytic_jacobian));
}

TEST(Marks, AreForgottenWhenReset) {
  const Toy toy = make_toy({});
  Bench<double> bench(toy);
  bench.run("backprop");
  EXPECT_NE(bench.minibatch().marks(), Marks());
  bench.minibatch().reset_marks();
  EXPECT_EQ(bench.minibatch().marks(), Marks());
}

}  // namespace
}  // namespace apical
