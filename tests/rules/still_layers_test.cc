// Layers whose weights stay as they are: nothing is proposed for them, and nothing else changes.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "network/toy.h"

namespace apical {
namespace {

struct Case {
  const char *name, *rule, *pass, *group;
};

class StillLayers : public ::testing::TestWithParam<Case> {};

TEST_P(StillLayers, GetNoProposalWhereTheOthersGetTheSameBits) {
  const Case& c = GetParam();
  const Toy toy = make_toy({.units = {5, 7, 6, 3}, .batch = 40});
  Pool two(2);
  Bench<double> bench(toy, "dfc", {}, two);
  const Overrides settings = std::string(c.rule) == "dfc-ssa"
                                 ? Overrides{}
                                 : Overrides{{"steps", std::int64_t{20}}, {"include_non_converged", true}};
  const std::array<std::uint8_t, 3> learns = {1, 0, 1};
  const PassContext all = {.pass = c.pass, .group = c.group};
  PassContext some = all;
  some.learns = learns;
  // first without storage for the layer that stays, then with what the full minibatch has left there
  const Change before = bench.run(c.rule, settings, some), full = bench.run(c.rule, settings, all),
               after = bench.run(c.rule, settings, some);
  EXPECT_NE(full.W[1], Numbers(full.W[1].size(), 0.0));
  for (const Change& part : {before, after}) {
    EXPECT_EQ(part.W[0], full.W[0]);
    EXPECT_EQ(part.W[1], Numbers(full.W[1].size(), 0.0));
    EXPECT_EQ(part.W[2], full.W[2]);
    EXPECT_EQ(part.b[0], full.b[0]);
    EXPECT_EQ(part.b[2], full.b[2]);
    EXPECT_EQ(part.b[1], Numbers(full.b[1].size(), 0.0));
  }
  EXPECT_EQ(bench.run(c.rule, settings, all).W, full.W);
}

INSTANTIATE_TEST_SUITE_P(Passes, StillLayers,
                         ::testing::Values(Case{"at_every_step", "dfc", "wake", "forward"},
                                           Case{"at_the_end", "dfc-ss", "wake", "forward"},
                                           Case{"solved", "dfc-ssa", "wake", "forward"},
                                           Case{"asleep", "dfc", "sleep", "feedback"}),
                         [](const auto& one) { return std::string(one.param.name); });

// A product with the identity and the control taken over as it is are the same number: what is too small to be added tells the paths apart, not
// their results.
TEST(IdentityFeedback, OfTheOutputIsTheControlItself) {
  for (const std::size_t outputs : {50, 64}) {
    const Toy toy = make_toy({.units = {5, 7, outputs}, .batch = 18});
    for (const char* pass : {"wake", "sleep"}) {
      const std::string group = std::string(pass) == "wake" ? "forward" : "feedback";
      Bench<double> taken_over(toy, "dfc"), multiplied(toy, "dfc");
      multiplied.network().weights("feedback", 2).set(outputs - 1, 0, 1e-300);
      const Overrides settings = {{"steps", std::int64_t{30}}, {"include_non_converged", true}};
      const PassContext context = {.pass = pass, .group = group};
      const Change one = taken_over.run("dfc", settings, context);
      EXPECT_EQ(one.W, multiplied.run("dfc", settings, context).W) << outputs << pass;
      // one number off in the last place is not the identity
      Bench<double> off(toy, "dfc");
      off.network().weights("feedback", 2).set(outputs - 1, outputs - 1, 1 + 1e-6);
      EXPECT_NE(one.W, off.run("dfc", settings, context).W) << outputs << pass;
    }
  }
}

}  // namespace
}  // namespace apical
