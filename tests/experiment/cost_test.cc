// What a recipe costs, against counts worked out by hand, and what training reaches.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "apical/cost.h"
#include "apical/rule.h"
#include "experiment/small_recipe.h"

namespace apical {
namespace {

// 64-24-16-10, 1,200 samples in minibatches of 32: 38 minibatches, 3 epochs.
constexpr double kInput = 64 * 24, kUpper = 24 * 16 + 16 * 10, kForward = kInput + kUpper;
constexpr double kFeedback = (24 + 16 + 10) * 10;

CostReport cost_of(const std::string& rule, const std::vector<std::string>& said = {}) {
  const TemporaryDirectory directory;
  return explain_cost(small_recipe(rule, said), 1, options_in(directory).data);
}

TEST(Cost, StepsOfPassesAreCountedAsTheirEquationsSay) {
  const CostReport report =
      cost_of("dfc", {"rule.steps=21", "rule.include_non_converged=true", "rule.pretraining_epochs=2",
                      "rule.sleep_before=0", "rule.steps_fb=11"});
  ASSERT_EQ(report.passes.size(), 3u);
  const PassCost &pretraining = report.passes[0], &wake = report.passes[1], &sleep = report.passes[2];
  EXPECT_EQ(pretraining.pass, "feedback-pretraining");
  EXPECT_EQ(wake.pass, "wake");
  EXPECT_EQ(sleep.group, "feedback");
  EXPECT_DOUBLE_EQ(wake.steps, 20);
  EXPECT_DOUBLE_EQ(wake.dynamics, kUpper + kFeedback);
  EXPECT_DOUBLE_EQ(wake.step_update, kUpper);
  EXPECT_DOUBLE_EQ(wake.multiply_adds, kForward + 20 * (2 * kUpper + kFeedback) + kInput);
  EXPECT_DOUBLE_EQ(wake.flops, 2 * 32 * wake.multiply_adds);
  EXPECT_DOUBLE_EQ(sleep.steps, 10);
  EXPECT_DOUBLE_EQ(sleep.dynamics, kUpper + kFeedback);
  EXPECT_DOUBLE_EQ(sleep.step_update, kFeedback);
  EXPECT_EQ(pretraining.minibatches, 2 * 38);
  EXPECT_EQ(wake.minibatches, 3 * 38);
  EXPECT_EQ(sleep.minibatches, 3 * 2 * 38);
  EXPECT_EQ(report.evaluations, 3 * 2);
}

TEST(Cost, EveryRuleHasACostInEveryPass) {
  for (const RuleEntry& rule : all_rules()) {
    const Card card = rule.card();
    std::vector<std::string> said = {"problem.training_samples=100", "training.epochs=1"};
    for (const Parameter& parameter : card.parameters) {
      if (parameter.name == "steps") said.emplace_back("rule.steps=20");
      if (parameter.name == "pretraining_epochs") said.emplace_back("rule.pretraining_epochs=1");
    }
    const CostReport report = cost_of(card.id, said);
    EXPECT_EQ(report.rule, card.id);
    EXPECT_FALSE(report.passes.empty()) << card.id;
    EXPECT_TRUE(std::isfinite(report.total_seconds())) << card.id;
    for (const PassCost& pass : report.passes) {
      const std::string where = card.id + " " + pass.pass;
      EXPECT_GE(pass.multiply_adds, kForward) << where;
      EXPECT_GT(pass.seconds, 0) << where;
      EXPECT_NEAR(pass.peak_seconds / pass.seconds, pass.share_of_peak, 1e-9 * pass.share_of_peak) << where;
      EXPECT_GT(pass.traffic_seconds, 0) << where;
      EXPECT_GT(pass.share_of_peak, 0) << where;
      EXPECT_GT(pass.memory_bytes, 0) << where;
      EXPECT_EQ(std::isfinite(pass.dynamics), pass.steps > 0) << where;
    }
  }
}

TEST(Cost, MemoryIsWhatTheArraysTake) {
  const CostReport report = cost_of("backprop");
  // rows of 24, 16 and 10 units are held as 32, 16 and 16; biases too; transposed copies of the upper two: 32 · 16, 16 · 10
  const std::size_t panels = 64 * 32 + 24 * 16 + 16 * 16, biases = 32 + 16 + 16,
                    transposed = 32 * 16 + 16 * 10;
  EXPECT_EQ(report.memory.weights, 4 * (panels + biases + transposed));
  EXPECT_EQ(report.memory.optimizer, 2 * 4 * (panels + biases));
  EXPECT_GE(report.memory.activities, 4u * 32 * (64 + 3 * (24 + 16 + 10)));
  EXPECT_GT(report.memory.arenas, 0u);
  EXPECT_GE(report.memory.proposals, 4 * panels);
  EXPECT_GE(report.memory.data, 1797u * 64);
  EXPECT_LT(report.memory.total(), 10u << 20);
}

TEST(Cost, TrainingRecordsWhatEachPassReached) {
  const TemporaryDirectory directory;
  const std::vector<std::string> said = {"rule.pretraining_epochs=1", "training.epochs=2",
                                         "probes.update-angle=1"};
  const Recipe recipe = small_recipe("dfc-ssa", said);
  const TrainingResult result = train(recipe, 1, options_in(directory));
  ASSERT_EQ(result.speeds.size(), 3u);
  const CostReport expected = explain_cost(recipe, 1, options_in(directory).data);
  const RunManifest manifest = read_manifest(result.directory);
  for (std::size_t i = 0; i < 3; ++i) {
    const PassSpeed& speed = result.speeds[i];
    EXPECT_EQ(speed.pass, expected.passes[i].pass);
    // the probe's own arithmetic is not the rule's
    EXPECT_NEAR(speed.multiply_adds, expected.passes[i].multiply_adds, 1e-6 * speed.multiply_adds)
        << speed.pass;
    EXPECT_GT(speed.share_of_peak, 0);
    ASSERT_TRUE(manifest.speed.contains(speed.pass));
    EXPECT_EQ(manifest.speed.at(speed.pass).at("flops_per_s"), speed.flops_per_s);
  }
  EXPECT_EQ(result.speeds[1].samples, 2 * 1200 * (result.speeds[1].pass == "wake" ? 1 : 3));
}

TEST(Profile, TimesOfPhasesAreThoseOfTheirKernelsAndOfOtherCode) {
  const TemporaryDirectory directory;
  const TimeProfile profile =
      profile_training(small_recipe("dfc", {"rule.steps=20"}), 1, options_in(directory).data, 1000);
  EXPECT_TRUE(profile.whole_epoch);
  // one epoch each of pre-training, sleep and wake
  EXPECT_EQ(profile.samples, 3 * 1200);
  EXPECT_EQ(profile.minibatches, 3 * 38);
  ASSERT_EQ(profile.by_both.size(), profile.phases.size());
  double all = 0;
  for (std::size_t i = 0; i < profile.phases.size(); ++i) {
    const auto& split = profile.by_both[i];
    ASSERT_EQ(split.size(), profile.kernels_used.size() + 1);
    EXPECT_GT(profile.phases[i].seconds, 0) << profile.phases[i].name;
    EXPECT_NEAR(std::accumulate(split.begin(), split.end(), 0.0), profile.phases[i].seconds,
                1e-9 + 1e-6 * profile.phases[i].seconds)
        << profile.phases[i].name;
    all += profile.phases[i].seconds;
  }
  EXPECT_LE(all, profile.wall_seconds * profile.threads * (1 + 1e-9));
  EXPECT_GT(profile.flops_per_s(), 0);
}

TEST(Profile, EndsWhenItsTimeIsOver) {
  const TemporaryDirectory directory;
  const TimeProfile profile = profile_training(small_recipe("backprop"), 1, options_in(directory).data, 0);
  EXPECT_FALSE(profile.whole_epoch);
  EXPECT_EQ(profile.minibatches, 1);
  EXPECT_EQ(profile.samples, 32);
}

}  // namespace
}  // namespace apical
