// Least control by linear feedback; tests/rules/least_control_reference_test.cc compares it with an independent program.
#include "rules/least_control.h"

namespace apical {
namespace {

TEST(LcpLf, AtRestHasSettled) { expect_rest_to_count_as_settled("lcp-lf"); }
TEST(LcpLf, SharesTheControlOfTwoLinearUnits) { expect_the_control_of_two_linear_units("lcp-lf"); }
TEST(LcpLf, ReachesTheTargetAsAlphaVanishes) { expect_to_reach_the_target_as_alpha_vanishes("lcp-lf"); }
TEST(LcpLf, OfALinearNetworkIsThePseudoInverse) { expect_the_pseudo_inverse_of_a_linear_network("lcp-lf"); }
TEST(LcpLf, ThatIsWeakIsDirectFeedbackAlignment) { expect_weak_control_to_teach_as("lcp-lf", "dfa"); }
TEST(LcpLf, OfTheCodeDividesTheErrorByTheMinibatch) {
  expect_the_code_to_divide_the_error_by_the_minibatch("lcp-lf");
}
TEST(LcpLf, InSinglePrecisionKeepsTheUpdate) {
  expect_single_precision_to_keep_the_update("lcp-lf", {{"settling", "steps"}});
}

// The single phase of strong feedback has the same pass for its hidden layers, with Q_L = 1; both draw the same noise.
TEST(LcpLf, SleepsAsStrongFeedbackDoesBeforeTraining) {
  const Toy toy = make_toy({.batch = 18});
  Bench<double> bench(toy, "lcp-lf"), strong(toy, "strong-dfc", {{"initial_feedback", "random"}});
  for (auto& q : bench.network().group("feedback"))
    strong.network().weights("feedback", q.layer()).set_values(q.values());
  DrawnNoise noise(toy);
  bench.minibatch().set_noise_port(&noise);
  strong.minibatch().set_noise_port(&noise);
  const Overrides common = {
      {"reading", "paper"}, {"dt_fb", 0.02},    {"tau_v_fb", 0.1},  {"steps_fb", std::int64_t{60}},
      {"sigma_fb", 0.3},    {"tau_noise", 0.1}, {"tau_filter", 0.4}};
  Overrides ours = common, theirs = common;
  ours.insert(ours.end(), {{"alpha", 0.3}, {"k_p", 0.2}});
  theirs.insert(theirs.end(), {{"alpha_fb", 0.3},
                               {"k_p_fb", 0.2},
                               {"sigma_output_fb", 0.0},
                               {"true_class", 1.0},
                               {"scale_layers", false}});
  const Change sleep = bench.run("lcp-lf", ours, kSleep);
  const PassContext before_training{
      .pass = "feedback-pretraining", .group = "feedback", .seed = 0, .epoch = 0};
  Change before = strong.run("strong-dfc", theirs, before_training);
  before.W.pop_back(), before.b.pop_back();
  // 1/σ² is the rule's own here
  EXPECT_LT(deviation(scaled(sleep, 0.3 * 0.3), before), 1e-12);
  EXPECT_GT(deviation(sleep, before), 1);
}

}  // namespace
}  // namespace apical
