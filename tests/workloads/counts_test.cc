// The operations that a workload claims are those that its kernels do; one that solves claims the least of them.
#include <gtest/gtest.h>

#include <cmath>

#include "workloads/instructions.h"
#include "workloads/workloads.h"

namespace apical::workloads {
namespace {

const WorkloadOptions kSmall = {.layers = {30, 20, 16, 10}, .batch = 20, .steps = 9};

// What solving for the equilibrium does beyond the least, 30-20-16-10 and tiles of 16 and 4 samples, by hand: for each tile, whose target is not
// close, a linearisation at its mean slopes, 10 · (480 + 460); sweeps of 480 + 460, two of which are claimed, and eliminations of 10³/3, three of
// which are. How many it takes is up to the data: each sweep writes the rates of all layers once, and the last state's basal rates are written
// above the first layer.
double more_than_claimed(const profile::Account& account, bool float64) {
  const double all_layers = float64 ? 24 + 16 + 16 : 32 + 16 + 16, upper_layers = 16 + 16;  // with padding
  const double sweeps = (account.of(profile::Work::difference).elements - 20 * upper_layers) / all_layers;
  const double eliminations = account.of(profile::Work::solve).multiply_adds / (1000.0 / 3);
  EXPECT_GE(sweeps, 2 * 20);
  EXPECT_NEAR(eliminations, std::round(eliminations), 1e-6);
  EXPECT_GE(eliminations, 3 * 20);
  return 2 * 9400 + (sweeps - 2 * 20) * 940 + (eliminations - 3 * 20) * 1000 / 3;
}

// A linear response takes as many linearised steps as the data ask for, all layers each, in either tile: beyond those that are claimed, four or eight
// at a time. Its orthogonal directions are not claimed.
double more_than_claimed_by_a_response(const profile::Account& account, double claimed) {
  const double directions = account.of(profile::Work::solve).multiply_adds;
  const double steps = (account.all().multiply_adds - directions - claimed) / (4 * 940);
  EXPECT_GT(directions, 0);
  EXPECT_GE(steps, -1e-6);
  EXPECT_NEAR(steps / 4, std::round(steps / 4), 1e-6);
  return directions + steps * 4 * 940;
}

TEST(Workloads, NecessaryOperationsAreThoseThatAreDone) {
  for (const WorkloadInfo& info : all_workloads()) {
    for (const bool float64 : {false, true}) {
      WorkloadOptions options = kSmall;
      options.precision = float64 ? "float64" : "float32";
      const auto workload = make_workload(info.name, options);
      const profile::Account account = account_of(*workload);
      const bool response = std::string(info.name).ends_with("-response");
      const double more = info.name == "dfc-ss-solved" ? more_than_claimed(account, float64)
                          : response
                              ? more_than_claimed_by_a_response(account, workload->necessary_flops() / 2)
                              : 0;
      EXPECT_NEAR(2 * (account.all().multiply_adds - more), workload->necessary_flops(),
                  1e-6 * workload->necessary_flops())
          << info.name;
      EXPECT_EQ(workload->samples(), 20) << info.name;
    }
  }
}

// 30-20-16-10 by hand: 600 of input, 320 + 160 above it, Q u (20 + 16 + 10) · 10.
TEST(Workloads, SmallNetByHand) {
  const auto flops = [](const std::string& name) {
    return make_workload(name, kSmall)->necessary_flops() / 2 / 20;
  };
  EXPECT_DOUBLE_EQ(flops("backprop"), 1080 + 480 + 1080);
  EXPECT_DOUBLE_EQ(flops("backprop-adam"), flops("backprop"));
  EXPECT_DOUBLE_EQ(flops("dfa"), 1080 + 360 + 1080);
  EXPECT_DOUBLE_EQ(flops("feedback-alignment-adam"), 1080 + 480 + 1080);
  EXPECT_DOUBLE_EQ(flops("dfc-dynamics"), 1080 + 8 * (480 + 460 + 480) + 600);
  EXPECT_DOUBLE_EQ(flops("dfc-ss-dynamics"), 1080 + 8 * (480 + 460) + 1080);
  // each of ten outputs carried down to the first hidden layer, and what the controls do there and above
  EXPECT_DOUBLE_EQ(flops("dfc-ss-solved"), 1080 + 10 * (480 + 460) + 1000 + 2 * (480 + 460) + 1080);
  // the push and 16 directions, and a step of the network from the last state but one and from the mean
  EXPECT_DOUBLE_EQ(flops("dfc-ss-response"), 1080 + 17 * (480 + 460) + (480 + 460) + 1080);
  EXPECT_DOUBLE_EQ(flops("dfc-response"), 1080 + 17 * (480 + 460) + 2 * (480 + 460) + 1080);
}

// 60-20-16-60 by hand: 1200 of input, 320 + 960 above it, Q u (20 + 16) · 60: the output's own feedback is the identity.
TEST(Workloads, WideOutputsAreNotChargedForWhatIsLeftOut) {
  WorkloadOptions wide = kSmall;
  wide.layers = {60, 20, 16, 60};
  const auto flops = [&](const std::string& name) {
    return make_workload(name, wide)->necessary_flops() / 2 / 20;
  };
  EXPECT_DOUBLE_EQ(flops("dfc-dynamics"), 2480 + 8 * (1280 + 2160 + 1280) + 1200);
  EXPECT_DOUBLE_EQ(flops("dfc-ss-dynamics"), 2480 + 8 * (1280 + 2160) + 2480);
  // the output in 17 coordinates: (20 + 16) · 17 for Q u and for what is learned from it, (17 + 20) · 16 for W r; and 3 · 60 · 17 · 36 there and back
  EXPECT_LT(flops("quiet-sleep"), flops("sleep") / 2);
  // carrying sixty outputs down to the first layer would alone be more
  EXPECT_LT(flops("dfc-ssa"), 60 * 1280);
}

TEST(Workloads, NoiseIsPartOfSleepAlone) {
  for (const WorkloadInfo& info : all_workloads()) {
    const auto workload = make_workload(info.name, kSmall);
    EXPECT_EQ(account_of(*workload).of(profile::Work::noise).calls > 0, info.name.ends_with("sleep"))
        << info.name;
  }
}

TEST(Workloads, OptimizersAreTimedAsTheirOwnPhase) {
  const auto adam = make_workload("dfa-adam", kSmall);
  EXPECT_GT(account_of(*adam).seconds[static_cast<std::size_t>(profile::Phase::optimizer)], 0);
}

TEST(Instructions, CallgrindsTotalIsReadFromWhatItSays) {
  EXPECT_EQ(callgrind_total("==12== Events    : Ir\n==12== Collected : 9418203\n==12== \n"), 9418203);
  EXPECT_FALSE(callgrind_total("==12== Command not found\n"));
  EXPECT_FALSE(callgrind_total("==12== Collected : 0\n"));
  EXPECT_FALSE(callgrind_total(""));
}

}  // namespace
}  // namespace apical::workloads
