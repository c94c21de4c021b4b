// Settings and networks at the edge of what controlled rules are made for: refused by name, or learned from without a number lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "apical/error.h"
#include "apical/rule.h"
#include "experiment/small_recipe.h"

namespace apical {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class ControlledRule : public testing::TestWithParam<const char*> {
 protected:
  // Epochs' losses of a short training on few samples.
  std::vector<double> losses(std::vector<std::string> said) const {
    const std::vector<std::string> few = {"problem.training_samples=320", "problem.validation=20",
                                          "training.epochs=2"};
    said.insert(said.begin(), few.begin(), few.end());
    if (settles()) said.insert(said.begin(), "rule.steps=1000");
    if (learns_feedback()) said.insert(said.begin(), "rule.pretraining_epochs=1");
    const TrainingResult result = train(small_recipe(GetParam(), said), 1, options_in(directory_));
    EXPECT_EQ(result.end, TrainingEnd::finished);
    std::vector<double> all;
    for (const Metric& line : lines_of(result.directory, "epoch")) {
      all.push_back(std::get<double>(value_of(line, "loss")));
      EXPECT_TRUE(std::isfinite(all.back()));
    }
    return all;
  }
  std::string refused(const std::string& said) const {
    try {
      train(small_recipe(GetParam(), {said}), 1, options_in(directory_));
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
  bool settles() const { return has("steps"); }
  bool learns_feedback() const { return has("pretraining_epochs"); }
  bool has(const std::string& name) const {
    const auto parameters = rule_named(GetParam(), "test").card().parameters;
    return std::any_of(parameters.begin(), parameters.end(), [&](const auto& p) { return p.name == name; });
  }
  TemporaryDirectory directory_;
};

class LeakyRule : public ControlledRule {};
class RuleInTime : public ControlledRule {};

TEST_P(LeakyRule, RefusesANegativeLeakByName) {
  EXPECT_THAT(refused("rule.alpha=-0.01"), AllOf(HasSubstr("alpha"), HasSubstr("-0.01"), HasSubstr("0")));
}

TEST_P(RuleInTime, RefusesTimesThatAreNone) {
  for (const char* said : {"rule.dt=0", "rule.dt=-1", "rule.dt=nan", "rule.tau_v=-0.1", "rule.steps=1"})
    EXPECT_THAT(refused(said), AllOf(HasSubstr("rule"), testing::Not(HasSubstr("no error")))) << said;
}

// As in the authors' code, the soma is never faster than a step.
TEST_P(RuleInTime, TakesAStepLongerThanTheSomasTimeConstantForThatConstant) {
  const std::vector<std::string> slow = {"rule.dt=0.05", "rule.k_p=0.2", "training.epochs=1"};
  std::vector<std::string> longer = slow, same = slow;
  longer.push_back("rule.tau_v=0.01"), same.push_back("rule.tau_v=0.05");
  EXPECT_EQ(losses(longer), losses(same));
}

// Weights of 0: every rate above the input has length 0, and so has the output that residuals are compared with.
TEST_P(ControlledRule, LearnsFromLayersOfNoLengthWithoutLosingANumber) {
  for (const char* said : {"network.gain=0", "network.biases=false"})
    EXPECT_EQ(losses({"network.gain=0", said}).size(), 2u);
}

TEST_P(ControlledRule, LearnsFromSingleSamples) {
  std::vector<std::string> said = {"problem.batch_size=1", "problem.training_samples=60"};
  // an error divided by a minibatch of one is answered too strongly by steps as long as the code's
  if (std::string(GetParam()) == "lcp-lf") said.emplace_back("rule.reading=paper");
  const std::vector<double> loss = losses(said);
  EXPECT_LT(loss.back(), std::log(10.0) * 1.5);
}

TEST_P(ControlledRule, TrainsASingleLayer) {
  const std::vector<double> loss = losses({"network.layers=[0, 0]", "training.epochs=4"});
  EXPECT_LT(loss.back(), loss.front());
}

TEST_P(ControlledRule, TrainsTenLayers) {
  EXPECT_EQ(losses({"network.layers=[0, 12, 12, 12, 12, 12, 12, 12, 12, 12, 0]"}).size(), 2u);
}

std::string name_of(const testing::TestParamInfo<const char*>& rule) {
  std::string name = rule.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Rules, ControlledRule,
                         ::testing::Values("dfc", "dfc-ss", "dfc-ssa", "strong-dfc", "mn", "gn", "lcp-di",
                                           "lcp-kp", "lcp-lf", "lcp-ebd"),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Rules, LeakyRule,
                         ::testing::Values("dfc", "dfc-ss", "dfc-ssa", "strong-dfc", "lcp-di", "lcp-lf"),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Rules, RuleInTime, ::testing::Values("dfc", "dfc-ss", "strong-dfc"), name_of);

}  // namespace
}  // namespace apical
