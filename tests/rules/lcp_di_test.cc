// Least control by dynamic inversion; tests/rules/least_control_reference_test.cc compares it with an independent program.
#include "rules/least_control.h"

namespace apical {
namespace {

TEST(LcpDi, AtRestHasSettled) { expect_rest_to_count_as_settled("lcp-di"); }
TEST(LcpDi, SharesTheControlOfTwoLinearUnits) { expect_the_control_of_two_linear_units("lcp-di"); }
TEST(LcpDi, ReachesTheTargetAsAlphaVanishes) { expect_to_reach_the_target_as_alpha_vanishes("lcp-di"); }
TEST(LcpDi, OfALinearNetworkIsThePseudoInverse) { expect_the_pseudo_inverse_of_a_linear_network("lcp-di"); }
TEST(LcpDi, ThatIsWeakIsBackprop) { expect_weak_control_to_teach_as("lcp-di", "backprop"); }
TEST(LcpDi, OfTheCodeDividesTheErrorByTheMinibatch) {
  expect_the_code_to_divide_the_error_by_the_minibatch("lcp-di");
}
TEST(LcpDi, InSinglePrecisionKeepsTheUpdate) {
  expect_single_precision_to_keep_the_update("lcp-di", {{"settling", "steps"}});
}

// u = (k_i/α + k_p) e at rest.
TEST(LcpDi, WithOtherGainsHasTheControlOfAnotherLeak) {
  const Toy toy = make_toy({.batch = 5});
  Bench<double> bench(toy, "lcp-di");
  const auto run = [&](double alpha, Overrides more = {}) {
    return bench.run("lcp-di", at_rest("lcp-di", alpha, more));
  };
  EXPECT_LT(deviation(run(0.6, {{"k_i", 2.0}}), run(0.3)), 1e-8);
  EXPECT_LT(deviation(run(0.6, {{"k_p", 0.5}}), run(1 / (1 / 0.6 + 0.5))), 1e-8);
  EXPECT_GT(deviation(run(0.6), run(0.3)), 0.1);
}

// A tile that stops when it has settled is where one that goes on is.
TEST(LcpDi, MayStopOnceItHasSettled) {
  const Toy toy = make_toy({.batch = 18});
  Bench<double> bench(toy, "lcp-di");
  Watching watching(toy);
  bench.minibatch().set_observer(&watching);
  const Change stopped = bench.run("lcp-di");
  EXPECT_LT(watching.of(0).size(), 400u);
  EXPECT_LT(deviation(stopped, bench.run("lcp-di", {{"settling", "steps"}})), 1e-4);
  EXPECT_EQ(watching.of(0).size(), 800u);
}

}  // namespace
}  // namespace apical
