// A settling phase that stops once every sample has settled, against the same phase run to its end.
#include <gtest/gtest.h>

#include "rules/trajectory.h"

namespace apical {
namespace {

constexpr std::int64_t kSteps = 9000;
const std::vector<std::string> kFeedback = {"feedback"};

Overrides settings_with(const Overrides& more) {
  Overrides all = {{"feedback", "fixed"}, {"alpha", 0.2},    {"dt", 0.02},        {"tau_v", 0.05},
                   {"k_p", 0.5},          {"steps", kSteps}, {"target_step", 0.3}};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

// The last state that a phase reaches.
class LastState final : public Observer<double> {
 public:
  void state(std::int64_t step, const TileState<double>&) override { last = step; }
  std::int64_t last = 0;
};

struct Outcome {
  Change change;
  std::int64_t last_state;
};

Outcome run(const Toy& toy, const char* rule, const Overrides& settings) {
  Bench<double> bench(toy, rule, {{"feedback", "fixed"}});
  LastState watching;
  bench.minibatch().set_observer(&watching);
  Change change = bench.run(rule, settings_with(settings));
  return {std::move(change), watching.last};
}

TEST(UntilSettled, StopsEarlyAndProposesWhatAllStatesPropose) {
  const Toy toy = make_toy({.batch = 5});
  const std::vector<Overrides> variants = {{},
                                           {{"reading", "paper"}},
                                           {{"bookkeeping", "streaming"}},
                                           {{"transmission", "delayed"}, {"proactive", false}},
                                           {{"tau_a", 0.1}},
                                           {{"include_non_converged", true}}};
  for (const char* rule : {"dfc", "dfc-ss"}) {
    for (Overrides variant : variants) {
      const Outcome all = run(toy, rule, variant);
      variant.emplace_back("settling", "until-settled");
      variant.emplace_back("settling_tolerance", 1e-9);
      const Outcome early = run(toy, rule, variant);
      EXPECT_EQ(all.last_state, kSteps - 1);
      EXPECT_LT(early.last_state, 2 * kSteps / 3);
      EXPECT_GT(early.last_state, 100);
      // the slowest mode takes about 3 τ_u: distances are a few residuals, relative to the nudge some hundred
      EXPECT_LT(deviation(early.change, all.change), 1e-6) << rule << " " << variant.size();
    }
  }
}

// A target that moves with the output is at rest once the output is.
TEST(UntilSettled, StopsEarlyWhereTheOutputIsClampedToItsLabel) {
  const Toy toy = make_toy({.batch = 5});
  const Overrides clamped = {{"phases", "two"}, {"feedback", "fixed"}, {"alpha", 0.2},   {"dt", 0.02},
                             {"tau_v", 0.05},   {"k_p", 0.5},          {"steps", kSteps}};
  for (const char* learning : {"continuous", "last"}) {
    for (const char* reading : {"code", "paper"}) {
      const auto run = [&](const char* settling) {
        Overrides settings = clamped;
        settings.insert(settings.end(), {{"learning", learning},
                                         {"reading", reading},
                                         {"settling", settling},
                                         {"settling_tolerance", 1e-9}});
        Bench<double> bench(toy, "strong-dfc", {{"phases", "two"}, {"feedback", "fixed"}});
        LastState watching;
        bench.minibatch().set_observer(&watching);
        Change change = bench.run("strong-dfc", settings);
        return Outcome{std::move(change), watching.last};
      };
      const Outcome all = run("steps"), early = run("until-settled");
      EXPECT_EQ(all.last_state, kSteps - 1);
      EXPECT_LT(early.last_state, 2 * kSteps / 3) << learning << " " << reading;
      EXPECT_GT(early.last_state, 100);
      EXPECT_LT(deviation(early.change, all.change), 1e-6) << learning << " " << reading;
    }
  }
}

// The network would come to rest early, its filters would not.
TEST(UntilSettled, PhasesWithFiltersRunAllStatesWithTheSameBits) {
  const Toy toy = make_toy({.batch = 5});
  for (const char* learning : {"continuous", "last"}) {
    const auto run = [&](const char* settling) {
      Bench<double> bench(toy, "strong-dfc");
      return bench.run("strong-dfc",
                       {{"learning", learning},
                        {"sigma", 0.0},
                        {"sigma_output", 0.0},
                        {"alpha", 0.2},
                        {"dt", 0.02},
                        {"tau_v", 0.05},
                        {"k_p", 0.5},
                        {"steps", std::int64_t{3000}},
                        {"settling", settling},
                        {"settling_tolerance", 1e-4}},
                       {.also = kFeedback});
    };
    const Change all = run("steps"), capped = run("until-settled");
    EXPECT_GT(length(all), 0);
    EXPECT_EQ(all.W, capped.W) << learning;
    EXPECT_EQ(all.b, capped.b) << learning;
  }
}

TEST(UntilSettled, ALooserToleranceStopsEarlierAndFartherAway) {
  const Toy toy = make_toy({.batch = 5});
  const Outcome all = run(toy, "dfc-ss", {});
  double nearer = 0;
  std::int64_t later = kSteps;
  for (const double tolerance : {1e-9, 1e-6, 1e-3}) {
    const Outcome early =
        run(toy, "dfc-ss", {{"settling", "until-settled"}, {"settling_tolerance", tolerance}});
    EXPECT_LT(early.last_state, later);
    EXPECT_GT(deviation(early.change, all.change), 10 * nearer);
    later = early.last_state;
    nearer = deviation(early.change, all.change);
  }
}

TEST(UntilSettled, ATileThatDoesNotSettleRunsAllStatesWithTheSameBits) {
  const Toy toy = make_toy({.batch = 5});
  for (const char* rule : {"dfc", "dfc-ss"}) {
    const Overrides few = {{"steps", std::int64_t{60}}, {"include_non_converged", true}};
    Overrides capped = few;
    capped.emplace_back("settling", "until-settled");
    const Outcome all = run(toy, rule, few), early = run(toy, rule, capped);
    EXPECT_EQ(early.last_state, 59);
    EXPECT_EQ(early.change.W, all.change.W);
    EXPECT_EQ(early.change.b, all.change.b);
  }
}

}  // namespace
}  // namespace apical
