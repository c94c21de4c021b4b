#include "reproduction/feedback_figures.h"

#include <cmath>

#include "figure_folder.h"

namespace apical {
namespace {

// One value at the start, then as many of another as the last epoch has measurements.
ProbeSeries from_to(double first, double last) {
  ProbeSeries series{{0}, {first}};
  for (int i = 1; i <= 8; ++i) series.epoch.push_back(i), series.value.push_back(last);
  return series;
}

std::vector<FeedbackRun> as_theory_says(double share = 0.99) {
  std::vector<FeedbackRun> runs;
  for (const char* activation : {"linear", "tanh"}) {
    for (const double gamma : {0.0, 5.0, 1000.0})
      runs.push_back({activation, gamma, from_to(0.5, share), from_to(60, 20),
                      from_to(60, gamma == 5 ? 5 : 25), from_to(60, 25)});
  }
  return runs;
}

std::size_t shown(const std::vector<FigureClaim>& claims) {
  std::size_t count = 0;
  for (const FigureClaim& claim : claims) count += claim.shown;
  return count;
}

TEST(FeedbackClaims, HoldForWhatTheTheorySaysAndFailOtherwise) {
  EXPECT_EQ(shown(claims_of_s2(as_theory_says())), 4u);
  EXPECT_EQ(shown(claims_of_controller(as_theory_says(), "α_fb")), 2u);
  EXPECT_EQ(shown(claims_of_s2(as_theory_says(0.6))), 2u) << "Q stays out of the row space";
  EXPECT_EQ(shown(claims_of_controller(as_theory_says(0.6), "")), 0u);
  EXPECT_EQ(shown(claims_of_controller(as_theory_says(NAN), "")), 0u);
  auto towards_inverse = as_theory_says();
  for (FeedbackRun& run : towards_inverse) run.inverse = from_to(60, 1);
  EXPECT_EQ(shown(claims_of_s2(towards_inverse)), 2u);
  auto away = as_theory_says();
  away[1].damped = from_to(5, 60);
  EXPECT_EQ(shown(claims_of_controller(away, "")), 1u);
}

// The negative control: without noise nothing is learned but decay.
TEST(FeedbackFigures, DoNotPassWithoutNoise) {
  const FigureFolder folder;
  Recipe recipe = feedback_recipe("silent", "tanh", 0.5, 0, 5, true);
  set_all(recipe, {"rule.sigma_fb=0"});
  const auto run = recorded_run(recipe, folder.quick());
  ASSERT_TRUE(run);
  const FeedbackRun silent{"tanh",
                           5,
                           probe_series(*run, "condition-2"),
                           probe_series(*run, "feedback-angle-transpose"),
                           probe_series(*run, "feedback-angle-damped"),
                           probe_series(*run, "feedback-angle-inverse")};
  EXPECT_EQ(silent.condition_2.value.size(), 200u);  // one in five minibatches of 40, for 25 epochs
  EXPECT_EQ(shown(claims_of_s2({silent})), 0u);
}

TEST(FeedbackFigures, InShortTurnFeedbackTowardsTheRowSpace) {
  const FigureFolder folder;
  const FigureOutcome outcome = make_figs2(folder.quick());
  EXPECT_EQ(outcome.claims.size(), 4u);
  expect_all_shown(outcome);
  expect_files(outcome, folder, "figs2");
}

}  // namespace
}  // namespace apical
