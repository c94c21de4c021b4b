// The operations that a workload claims are those that its kernels do.
#include <gtest/gtest.h>

#include "workloads/instructions.h"
#include "workloads/workloads.h"

namespace apical::workloads {
namespace {

const WorkloadOptions kSmall = {.layers = {30, 20, 16, 10}, .batch = 20, .steps = 9};

TEST(Workloads, NecessaryOperationsAreThoseThatAreDone) {
  for (const WorkloadInfo& info : all_workloads()) {
    for (const bool float64 : {false, true}) {
      WorkloadOptions options = kSmall;
      options.float64 = float64;
      const auto workload = make_workload(info.name, options);
      const profile::Account account = account_of(*workload);
      EXPECT_NEAR(2 * account.all().multiply_adds, workload->necessary_flops(),
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
}

TEST(Workloads, NoiseIsPartOfSleepAlone) {
  for (const WorkloadInfo& info : all_workloads()) {
    const auto workload = make_workload(info.name, kSmall);
    EXPECT_EQ(account_of(*workload).of(profile::Work::noise).calls > 0, info.name == "sleep") << info.name;
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
