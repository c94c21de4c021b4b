#include "apical/optimizer_settings.h"

#include <gtest/gtest.h>

#include "apical/error.h"

namespace apical {
namespace {

TEST(OptimizerSettings, DescribedFallbacksAreTheStructsDefaults) {
  EXPECT_EQ(OptimizerSettings::from(Parameters("[optimizer]", optimizer_parameters())), OptimizerSettings{});
}

TEST(OptimizerSettings, EveryDescribedSettingReachesItsMember) {
  Parameters p("[optimizer]", optimizer_parameters());
  p.set_text("algorithm", "rmsprop");
  p.set_text("clip", "joint");
  p.set_text("schedule", "warmup-cosine");
  p.set_text("learning_rate", "0.5");
  p.set_text("layer_rates", "1, 0.1");
  p.set_text("step_epochs", "7");
  const auto settings = OptimizerSettings::from(p);
  EXPECT_EQ(settings.algorithm, OptimizerAlgorithm::rmsprop);
  EXPECT_EQ(settings.clip, Clipping::joint);
  EXPECT_EQ(settings.schedule, RateSchedule::warmup_cosine);
  EXPECT_EQ(settings.learning_rate, 0.5);
  EXPECT_EQ(settings.layer_rates, (std::vector<double>{1, 0.1}));
  EXPECT_EQ(settings.step_epochs, 7);
  EXPECT_EQ(to_string(settings.schedule), "warmup-cosine");
  for (const auto& parameter : optimizer_parameters()) {
    EXPECT_EQ(settings.value(parameter.name), p.value(parameter.name)) << parameter.name;
  }
}

TEST(OptimizerSettings, EveryNumberHasARangeAndEverySettingAMeaning) {
  for (const auto& parameter : optimizer_parameters()) {
    EXPECT_FALSE(parameter.meaning.empty()) << parameter.name;
    const std::string kind = kind_name(parameter.fallback);
    if (kind == "real" || kind == "whole number") {
      EXPECT_GE(parameter.least, 0) << parameter.name;
    }
  }
}

TEST(OptimizerSettings, AnUnknownSettingIsABug) {
  EXPECT_THROW(OptimizerSettings{}.value("rate"), InternalError);
}

}  // namespace
}  // namespace apical
