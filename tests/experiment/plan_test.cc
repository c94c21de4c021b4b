// What a recipe is worked out to, and what is refused before anything runs.
#include "experiment/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apical/error.h"
#include "experiment/small_recipe.h"

namespace apical {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string complaint_about(const std::string& rule, const std::vector<std::string>& said) {
  try {
    make_plan(small_recipe(rule, said), {});
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing";
}

TEST(Plan, UnknownRuleIsAnsweredWithTheNearest) {
  EXPECT_THAT(complaint_about("dfc-sss", {}), AllOf(HasSubstr("dfc-sss"), HasSubstr("dfc-ss")));
}

TEST(Plan, UnknownRuleParameterIsAnsweredWithTheNearest) {
  EXPECT_THAT(complaint_about("dfc", {"rule.tau_vv=0.2"}),
              AllOf(HasSubstr("--set"), HasSubstr("tau_vv"), HasSubstr("tau_v")));
  // a setting of the simulation means nothing to the rule that solves
  EXPECT_THAT(complaint_about("dfc-ssa", {"rule.steps=10"}), HasSubstr("steps"));
  EXPECT_EQ(complaint_about("dfc", {"rule.steps=10"}), "nothing");
}

TEST(Plan, RuleParameterOutOfRangeSaysWhatWasRequired) {
  EXPECT_THAT(complaint_about("dfc", {"rule.dt=2"}), AllOf(HasSubstr("dt"), HasSubstr("2")));
  EXPECT_THAT(complaint_about("dfc", {"rule.reading=books"}), AllOf(HasSubstr("books"), HasSubstr("code")));
  EXPECT_THAT(complaint_about("dfc", {"rule.k_p=nan"}), HasSubstr("k_p"));
}

TEST(Plan, UnknownProbeIsAnsweredWithTheNearest) {
  EXPECT_THAT(complaint_about("dfa", {"probes.update-angel=5"}),
              AllOf(HasSubstr("update-angel"), HasSubstr("update-angle")));
  // also one of those that mean nothing for the rule
  EXPECT_THAT(complaint_about("dfa", {"probes.conditon-2=5"}),
              HasSubstr("unknown probe 'conditon-2'. Did you mean 'condition-2'?"));
}

// One recipe serves several rules.
TEST(Plan, LeavesOutProbesThatMeanNothingForItsRule) {
  const std::vector<std::string> said = {"probes.condition-2=5", "probes.stability=0",
                                         "probes.update-angle=7"};
  const Plan plan = make_plan(small_recipe("backprop", said), {});
  EXPECT_THAT(plan.probes_left_out, ElementsAre("condition-2"));
  EXPECT_EQ(plan.recipe.probes.find("condition-2"), nullptr);
  EXPECT_EQ(plan.probes.front().name, "update-angle");
  EXPECT_EQ(plan.probes.front().every, 7);
  EXPECT_TRUE(make_plan(small_recipe("dfc", said), {}).probes_left_out.empty());
  // what is said of them has to make sense all the same
  EXPECT_THAT(complaint_about("backprop", {"probes.condition-2=-5"}),
              AllOf(HasSubstr("condition-2"), HasSubstr("-5")));
  EXPECT_THAT(complaint_about("backprop", {"probes.condition-2=often"}), HasSubstr("condition-2"));
}

TEST(Plan, UnknownPassIsAnsweredWithTheNearest) {
  EXPECT_THAT(complaint_about("dfc", {"passes.sleep_befor=2"}),
              AllOf(HasSubstr("sleep_befor"), HasSubstr("sleep_before")));
  // fixed feedback has no sleep
  EXPECT_THAT(complaint_about("dfc", {"rule.feedback=fixed", "passes.sleep_before=2"}),
              HasSubstr("sleep_before"));
}

TEST(Plan, WidthsThatAreNotTheDatasAreRefused) {
  EXPECT_THAT(complaint_about("dfa", {"network.layers=[63, 8, 10]"}),
              AllOf(HasSubstr("64"), HasSubstr("63")));
  EXPECT_THAT(complaint_about("dfa", {"network.layers=[64, 8, 9]"}), AllOf(HasSubstr("10"), HasSubstr("9")));
  EXPECT_EQ(complaint_about("dfa", {"network.layers=[64, 8, 10]"}), "nothing");
}

TEST(Plan, MoreSamplesThanThereAreAreRefused) {
  EXPECT_THAT(complaint_about("dfa", {"problem.training_samples=5000"}),
              AllOf(HasSubstr("5200"), HasSubstr("at most")));
  EXPECT_THAT(complaint_about("dfa", {"problem.training_samples=0", "problem.validation=1797"}),
              HasSubstr("at most"));
}

TEST(Plan, TasksThatTheDataCannotServeAreRefused) {
  EXPECT_THAT(complaint_about("dfa", {"problem.loss=mean-squared-error", "problem.task=regression"}),
              HasSubstr("real targets"));
  EXPECT_THAT(complaint_about("dfa", {"problem.data=digts"}), HasSubstr("digits"));
}

TEST(Plan, CrossEntropyWithoutClassesIsRefused) {
  EXPECT_THAT(complaint_about("dfa", {"problem.task=autoencoder", "problem.loss=cross-entropy"}),
              HasSubstr("cross-entropy"));
}

TEST(Plan, AutoencoderTakesItsWidthFromTheInput) {
  const Plan plan = make_plan(
      small_recipe("backprop", {"problem.loss=mean-squared-error", "problem.task=autoencoder"}), {});
  EXPECT_THAT(plan.network.units, ElementsAre(64, 24, 16, 64));
  EXPECT_EQ(plan.task, Task::autoencoder);
}

std::vector<std::string> schedule_of(const std::string& rule, const std::vector<std::string>& said) {
  std::vector<std::string> list;
  for (const Segment& segment : make_plan(small_recipe(rule, said), {}).segments) {
    list.push_back(segment.pass.name + " " + std::to_string(segment.epoch) +
                   (segment.evaluates ? " tested" : ""));
  }
  return list;
}

TEST(Plan, SchedulesSleepBeforeTrainingAndAroundEveryEpoch) {
  EXPECT_THAT(schedule_of("dfc", {"training.epochs=2", "rule.pretraining_epochs=2", "rule.sleep_before=1",
                                  "rule.sleep_after=2"}),
              ElementsAre("feedback-pretraining 0", "feedback-pretraining 0", "sleep 0", "wake 0 tested",
                          "sleep 0", "sleep 0", "sleep 1", "wake 1 tested", "sleep 1", "sleep 1"));
}

TEST(Plan, SchedulesWakeAloneWhereNothingElseLearns) {
  EXPECT_THAT(schedule_of("backprop", {"training.epochs=2"}), ElementsAre("wake 0 tested", "wake 1 tested"));
  EXPECT_THAT(schedule_of("dfc-ssa", {"training.epochs=1", "rule.feedback=fixed"}),
              ElementsAre("wake 0 tested"));
}

TEST(Plan, PassesMayBeGivenInTheirOwnSection) {
  EXPECT_THAT(schedule_of("dfc", {"training.epochs=1", "passes.pretraining_epochs=0", "passes.sleep_before=0",
                                  "passes.sleep_after=1"}),
              ElementsAre("wake 0 tested", "sleep 0"));
}

TEST(Plan, TakesWhatTheCardRecommendsUnlessTheRecipeSaysMore) {
  const Plan plan = make_plan(small_recipe("dfc", {"optimizer.learning_rate=0.5"}), {});
  EXPECT_EQ(plan.optimizers.at("forward").learning_rate, 0.5);
  EXPECT_EQ(plan.optimizers.at("forward").beta2, 0.99);
  EXPECT_EQ(plan.optimizers.at("feedback").learning_rate, 0.0005265408146);
  EXPECT_EQ(plan.optimizers.at("feedback-pretraining").learning_rate, 0.0003170276938);
  EXPECT_EQ(make_plan(small_recipe("dfc", {"rule.feedback=fixed"}), {}).optimizers.size(), 1u);
}

TEST(Plan, TakesTheReadingsOwnDefaults) {
  EXPECT_EQ(make_plan(small_recipe("dfc"), {}).settings.real("target_step"), 0.07794471151);
  EXPECT_EQ(make_plan(small_recipe("dfc", {"rule.reading=paper"}), {}).settings.real("target_step"), 0.1);
  EXPECT_EQ(make_plan(small_recipe("dfc", {"rule.reading=paper", "rule.target_step=0.3"}), {})
                .settings.real("target_step"),
            0.3);
}

TEST(Plan, ResolvedRecipeReadsBackToItself) {
  for (const RuleEntry& entry : all_rules()) {
    const Recipe resolved = resolve_recipe(small_recipe(entry.card().id));
    const Recipe again = parse_recipe(resolved.to_toml(), "printed.toml");
    EXPECT_EQ(again, resolved) << entry.card().id;
    EXPECT_EQ(resolve_recipe(again), resolved) << entry.card().id;
  }
}

TEST(Plan, SeedsShareNoSplitAndRulesDo) {
  const Plan a = make_plan(small_recipe("backprop"), {}), b = make_plan(small_recipe("dfc"), {});
  EXPECT_EQ(a.split_for(1), b.split_for(1));
  EXPECT_NE(a.split_for(1), a.split_for(2));
  EXPECT_EQ(a.split_for(1).train.size(), 1200u);
  EXPECT_EQ(a.split_for(1).validation.size(), 200u);
}

}  // namespace
}  // namespace apical
