// Least control by dynamic inversion through weights that learn; tests/rules/least_control_reference_test.cc compares it with an
// independent program.
#include "rules/least_control.h"

namespace apical {
namespace {

const std::vector<std::string> kFeedback = {"feedback"};
const PassContext kBoth{.pass = "wake", .group = "forward", .seed = 0, .epoch = 0, .also = kFeedback};

TEST(LcpKp, AtRestHasSettled) { expect_rest_to_count_as_settled("lcp-kp"); }
TEST(LcpKp, SharesTheControlOfTwoLinearUnits) { expect_the_control_of_two_linear_units("lcp-kp"); }
TEST(LcpKp, ReachesTheTargetAsAlphaVanishes) { expect_to_reach_the_target_as_alpha_vanishes("lcp-kp"); }
TEST(LcpKp, OfALinearNetworkIsThePseudoInverse) { expect_the_pseudo_inverse_of_a_linear_network("lcp-kp"); }
TEST(LcpKp, ThatIsWeakIsFeedbackAlignment) {
  expect_weak_control_to_teach_as("lcp-kp", "feedback-alignment");
}
TEST(LcpKp, OfTheCodeDividesTheErrorByTheMinibatch) {
  expect_the_code_to_divide_the_error_by_the_minibatch("lcp-kp");
}
TEST(LcpKp, InSinglePrecisionKeepsTheUpdate) {
  expect_single_precision_to_keep_the_update("lcp-kp", {{"settling", "steps"}});
}

TEST(LcpKp, ThroughTransposedWeightsIsDynamicInversion) {
  const Toy toy = make_toy({.batch = 18});
  Bench<double> bench(toy, "lcp-kp");
  const Change inverted = bench.run("lcp-di");
  EXPECT_GT(deviation(bench.run("lcp-kp"), inverted), 0.1);
  invert_exactly(bench.network());
  EXPECT_LT(deviation(bench.run("lcp-kp"), inverted), 1e-12);
}

// Kolen and Pollack: B − Wᵀ gets the same change on both sides, so that only the decay moves it, by the same share at each step.
TEST(LcpKp, FeedbackTurnsIntoTheTransposeAtTheRateOfTheDecay) {
  constexpr int kSteps = 40;
  constexpr double kRate = 0.1;
  const Toy toy = make_toy({.units = {6, 5, 4, 3}, .batch = 18});
  for (const double decay : {0.5, 0.0}) {
    Bench<double> bench(toy, "lcp-kp");
    auto& network = bench.network();
    const auto difference = [&] {
      double sum = 0;
      for (const auto& b : network.group("feedback"))
        sum += (matrix(b) - matrix(network.weights(b.layer() + 1)).transpose()).squaredNorm();
      return std::sqrt(sum);
    };
    const double before = difference();
    const Numbers first = network.weights("feedback", 1).values();
    for (int step = 0; step < kSteps; ++step) {
      const Change forward = bench.run("lcp-kp", {}, kBoth), feedback = bench.change("feedback");
      for (const auto& [group, change] : {std::pair{"forward", &forward}, {"feedback", &feedback}}) {
        for (auto& w : network.group(group)) {
          Numbers values = w.values();
          for (std::size_t k = 0; k < values.size(); ++k)
            values[k] += kRate * (change->W[w.layer() - 1][k] - decay * values[k]);
          w.set_values(values);
        }
      }
    }
    EXPECT_NEAR(difference() / before, std::pow(1 - kRate * decay, kSteps), 1e-12);
    EXPECT_GT(deviation(network.weights("feedback", 1).values(), first), 0.01);
  }
}

}  // namespace
}  // namespace apical
