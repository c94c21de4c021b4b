#include "reproduction/fig1d.h"

#include <cmath>

#include "figure_folder.h"

namespace apical {
namespace {

// A damped oscillation of an output and its control about the target 1.
std::vector<ControlledSample> ringing(double decay, double frequency, double end = 1) {
  ControlledSample sample;
  sample.target = 1;
  for (int t = 0; t < 2000; ++t) {
    const double wave = std::exp(-decay * t) * std::cos(frequency * t);
    sample.output.push_back(end * (1 - wave));
    sample.control.push_back(2 * (1 - wave));
  }
  return {sample, sample};
}

TEST(Fig1dClaims, HoldForADampedOscillationAlone) {
  const auto claims = claims_of(ringing(0.005, 0.02), "PI control");
  ASSERT_EQ(claims.size(), 2u);
  EXPECT_TRUE(claims[0].shown) << claims[0].ours;
  EXPECT_TRUE(claims[1].shown) << claims[1].ours;
  EXPECT_FALSE(claims_of(ringing(0.005, 0), "")[1].shown) << "creeps up";
  EXPECT_FALSE(claims_of(ringing(0, 0.02), "")[0].shown) << "oscillates for ever";
  EXPECT_FALSE(claims_of(ringing(-0.01, 0.02), "")[0].shown) << "grows";
  EXPECT_FALSE(claims_of(ringing(0.005, 0.02, 0.9), "")[0].shown) << "settles elsewhere";
  auto broken = ringing(0.005, 0.02);
  broken[1].output.back() = NAN;
  EXPECT_FALSE(claims_of(broken, "")[0].shown);
}

TEST(Fig1d, ShowsSamplesThatSettleAtTheirTargets) {
  const FigureFolder folder;
  const FigureOutcome outcome = make_fig1d(folder.quick());
  EXPECT_EQ(outcome.claims.size(), 4u);
  expect_files(outcome, folder, "fig1d");
  // that both come to rest at their targets holds from the first on; how much they ring depends on how far Q has learned
  for (const std::size_t i : {0u, 2u}) EXPECT_TRUE(outcome.claims[i].shown) << outcome.claims[i].ours;
}

TEST(Fig1d, StopsWhenAsked) {
  const FigureFolder folder;
  std::atomic<bool> stop = true;
  FigureTask task = folder.quick();
  task.stop = &stop;
  EXPECT_FALSE(make_fig1d(task).finished);
}

}  // namespace
}  // namespace apical
