#include <gtest/gtest.h>

#include <cmath>

#include "apical/optimizer.h"

namespace apical {
namespace {

OptimizerSettings with(RateSchedule schedule) {
  OptimizerSettings settings;
  settings.schedule = schedule;
  settings.step_epochs = 10;
  settings.step_factor = 0.5;
  settings.warmup_epochs = 4;
  settings.final_factor = 0.2;
  return settings;
}

TEST(Schedule, ConstantStaysOne) {
  for (const double epoch : {0.0, 0.5, 7.0, 1000.0})
    EXPECT_EQ(schedule_factor(with(RateSchedule::constant), epoch, 100), 1.0);
}

TEST(Schedule, StepFallsAtTheStepsOnly) {
  const OptimizerSettings settings = with(RateSchedule::step);
  EXPECT_EQ(schedule_factor(settings, 0, 100), 1.0);
  EXPECT_EQ(schedule_factor(settings, 9.999, 100), 1.0);
  EXPECT_EQ(schedule_factor(settings, 10, 100), 0.5);
  EXPECT_EQ(schedule_factor(settings, 35, 100), 0.125);
}

TEST(Schedule, CosineFallsFromOneToTheFinalFactorAndStays) {
  const OptimizerSettings settings = with(RateSchedule::cosine);
  EXPECT_EQ(schedule_factor(settings, 0, 60), 1.0);
  EXPECT_NEAR(schedule_factor(settings, 20, 60), 0.2 + 0.8 * 0.75, 1e-15);  // cos 60° = ½
  EXPECT_NEAR(schedule_factor(settings, 30, 60), 0.6, 1e-15);
  EXPECT_NEAR(schedule_factor(settings, 60, 60), 0.2, 1e-15);
  EXPECT_NEAR(schedule_factor(settings, 90, 60), 0.2, 1e-15);
}

TEST(Schedule, DecayEpochsEndTheCosineBeforeTheTraining) {
  OptimizerSettings settings = with(RateSchedule::cosine);
  settings.decay_epochs = 20;
  EXPECT_NEAR(schedule_factor(settings, 10, 60), 0.6, 1e-15);
  EXPECT_NEAR(schedule_factor(settings, 20, 60), 0.2, 1e-15);
}

TEST(Schedule, WarmUpRisesLinearlyAndThenFollowsTheCosine) {
  const OptimizerSettings settings = with(RateSchedule::warmup_cosine);
  EXPECT_EQ(schedule_factor(settings, 0, 64), 0.0);
  EXPECT_EQ(schedule_factor(settings, 1, 64), 0.25);
  EXPECT_EQ(schedule_factor(settings, 3, 64), 0.75);
  EXPECT_EQ(schedule_factor(settings, 4, 64), 1.0);
  EXPECT_NEAR(schedule_factor(settings, 34, 64), 0.6, 1e-15);
  EXPECT_NEAR(schedule_factor(settings, 64, 64), 0.2, 1e-15);
}

TEST(Schedule, EveryScheduleIsFiniteAtItsEdges) {
  for (const RateSchedule schedule :
       {RateSchedule::constant, RateSchedule::step, RateSchedule::cosine, RateSchedule::warmup_cosine}) {
    OptimizerSettings settings = with(schedule);
    for (const std::int64_t warmup : {0, 4}) {
      settings.warmup_epochs = warmup;
      for (const double epochs : {0.0, 1.0, 4.0}) {
        for (const double epoch : {0.0, 1.0, 4.0, 5.0}) {
          const double factor = schedule_factor(settings, epoch, epochs);
          EXPECT_GE(factor, 0.0);
          EXPECT_LE(factor, 1.0);
        }
      }
    }
  }
}

}  // namespace
}  // namespace apical
