// What the runner says of controlled networks: a sample in the scope, warnings, and why a network ran away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "apical/error.h"
#include "apical/scope.h"
#include "experiment/small_recipe.h"

namespace apical {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string message_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// A network under control that settles: trained for an epoch, once for all tests.
class Scope : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = new TemporaryDirectory;
    run_ = new std::filesystem::path(
        train(small_recipe("dfc-ss", {"training.epochs=1", "training.precision=float64",
                                      "rule.feedback=fixed", "rule.k_p=1", "rule.alpha=0.01", "rule.dt=0.02",
                                      "rule.tau_v=0.1", "rule.steps=1500", "rule.target_step=0.1"}),
              1, options_in(*directory_))
            .directory);
  }
  static void TearDownTestSuite() {
    delete run_;
    delete directory_;
  }
  static ScopeRecording watch(const ScopeSettings& settings) {
    return scope_run(*run_, settings, options_in(*directory_));
  }
  static std::string refused(const ScopeSettings& settings) {
    return message_of([&] { watch(settings); });
  }
  static ScopeSettings with(const std::string& name, double value) {
    return {.sample = 3, .overrides = {{name, value, "--" + name}}, .neurons = {}};
  }

  static TemporaryDirectory* directory_;
  static std::filesystem::path* run_;
};
TemporaryDirectory* Scope::directory_ = nullptr;
std::filesystem::path* Scope::run_ = nullptr;

TEST_F(Scope, RecordsTheEquationsOfTheControllerAndTheSteadyStateOfTheNetwork) {
  const ScopeRecording r = watch({.sample = 3, .overrides = {}, .neurons = {{1, 2}, {3, 0}}});
  ASSERT_EQ(r.time.size(), 1500u);
  EXPECT_EQ(r.outputs, 10u);
  EXPECT_NEAR(r.time[100], 2.0, 1e-12);
  // u(t+1) = u_int(t+1) + k_p e(t),   u_int(t+1) = u_int(t) + dt (e(t) − α u(t))
  const double dt = 0.02, k_p = 1, alpha = 0.01;
  for (std::size_t k = 0; k < 10; ++k) {
    double u_int = 0;
    for (std::size_t t = 0; t + 1 < 400; ++t) {
      const double e = r.target[k] - r.r[t * 10 + k];
      u_int += dt * (e - alpha * r.u[t * 10 + k]);
      ASSERT_NEAR(r.u[(t + 1) * 10 + k], u_int + k_p * e, 1e-12) << t;
    }
    // at the end e = α u
    EXPECT_NEAR(r.target[k] - r.r[1499 * 10 + k], alpha * r.u[1499 * 10 + k], 1e-6 * r.error.front());
  }
  double error = 0;
  for (std::size_t k = 0; k < 10; ++k) error += std::pow(r.target[k] - r.r[7 * 10 + k], 2);
  EXPECT_NEAR(r.error[7], std::sqrt(error), 1e-12);
  for (const auto& neuron : r.neurons) {
    EXPECT_EQ(neuron.apical.front(), 0);
    EXPECT_EQ(neuron.soma.front(), neuron.basal.front());
    EXPECT_NEAR(neuron.soma.back(), neuron.basal.back() + neuron.apical.back(), 1e-8);
    EXPECT_NE(neuron.apical.back(), 0);
  }
  EXPECT_TRUE(r.settled.converged);
  EXPECT_TRUE(r.predicted_stable());
  EXPECT_TRUE(r.seen_stable);
  EXPECT_LT(r.a_pi, 0);
}

TEST_F(Scope, ChoosesOfEachLayerTheNeuronThatMovesMost) {
  const ScopeRecording r = watch({.sample = 3, .overrides = {}, .neurons = {}});
  ASSERT_EQ(r.neurons.size(), 3u);
  const auto moved = [](const ScopeRecording::Neuron& n) { return std::abs(n.soma.back() - n.soma.front()); };
  for (std::size_t unit = 0; unit < 16; ++unit) {
    const ScopeRecording other =
        watch({.sample = 3, .overrides = {{"steps", 1500, "--steps"}}, .neurons = {{2, unit}}});
    EXPECT_LE(moved(other.neurons[0]), moved(r.neurons[1]) * (1 + 1e-12)) << unit;
  }
}

TEST_F(Scope, PredictsWhatIsSeenUnderOtherSettings) {
  // the output layer alone multiplies a deviation by 1 − (dt/τ_v)(1 + k_p) a step
  const ScopeRecording longer = watch(with("dt", 0.05));
  EXPECT_TRUE(longer.predicted_stable());
  EXPECT_TRUE(longer.seen_stable);
  const ScopeRecording gain = watch(with("k_p", 60));
  EXPECT_FALSE(gain.predicted_stable());
  EXPECT_FALSE(gain.seen_stable);
  EXPECT_LT(gain.a_pi, 0) << "only the Euler step is unstable";
  EXPECT_GT(gain.euler, 1);
  const ScopeRecording finer =
      watch({.sample = 3, .overrides = {{"k_p", 60, ""}, {"dt", 0.001, ""}}, .neurons = {}});
  EXPECT_TRUE(finer.predicted_stable());
  EXPECT_TRUE(finer.seen_stable);
}

TEST_F(Scope, SaysWhatIsWrongWithBadInput) {
  EXPECT_THAT(refused({.sample = 1000000, .overrides = {}, .neurons = {}}),
              AllOf(HasSubstr("--sample"), HasSubstr("1000000")));
  EXPECT_THAT(refused({.sample = 0, .overrides = {}, .neurons = {{4, 0}}}),
              AllOf(HasSubstr("--neurons"), HasSubstr("1 … 3")));
  EXPECT_THAT(refused({.sample = 0, .overrides = {}, .neurons = {{1, 24}}}),
              AllOf(HasSubstr("0 … 23"), HasSubstr("24")));
  EXPECT_THAT(refused(with("alpha", -1)), AllOf(HasSubstr("--alpha"), HasSubstr("alpha"), HasSubstr("-1")));
  const ScopeRecording slow = watch(with("dt", 0.5));
  ASSERT_EQ(slow.notes.size(), 2u);
  EXPECT_THAT(slow.notes[1], HasSubstr("tau_v is raised"));
  EXPECT_EQ(slow.settling.tau_v, 0.5);
  const TrainingResult other =
      train(small_recipe("backprop", {"training.epochs=1"}), 1, options_in(*directory_));
  EXPECT_THAT(message_of([&] { scope_run(other.directory, {}, options_in(*directory_)); }),
              AllOf(HasSubstr("backprop"), HasSubstr("dfc-ss")));
  EXPECT_THAT(message_of([&] { scope_run(directory_->path() / "nothing", {}, options_in(*directory_)); }),
              HasSubstr("nothing"));
}

TEST(Runaway, NamesShareLayerStateConditionAndCure) {
  const TemporaryDirectory directory;
  // dt = τ_v: the output multiplies deviations by −k_p every step
  const Recipe recipe =
      small_recipe("dfc-ss", {"rule.feedback=fixed", "rule.k_p=8", "rule.dt=0.2", "rule.tau_v=0.2",
                              "rule.steps=2000", "rule.include_non_converged=true"});
  const std::string message = message_of([&] { train(recipe, 1, options_in(directory)); });
  EXPECT_THAT(message,
              AllOf(HasSubstr("ran away in epoch 1, minibatch 1"), HasSubstr("32 of 32 samples (100 %)"),
                    HasSubstr("at state "), HasSubstr("in layer "), HasSubstr("Euler step is too large"),
                    HasSubstr("smaller rule.dt")));
}

TEST(Runaway, StopsATrainingInWhichNoSampleIsLeftToLearnFrom) {
  const TemporaryDirectory directory;
  const std::vector<std::string> said = {"rule.feedback=fixed", "rule.k_p=8", "rule.dt=0.2", "rule.tau_v=0.2",
                                         "rule.steps=2000"};
  const std::string message =
      message_of([&] { train(small_recipe("dfc-ss", said), 1, options_in(directory)); });
  EXPECT_THAT(message, AllOf(HasSubstr("ran away in epoch 1, minibatch 1"), HasSubstr("32 of 32 samples"),
                             HasSubstr("smaller rule.dt")));
}

// Squared errors: through a softmax the error stays bounded.
TEST(Runaway, OfControlThatComesDownLayerByLayerNamesTheEulerStep) {
  const TemporaryDirectory directory;
  const Recipe recipe =
      small_recipe("lcp-di", {"problem.loss=half-squared-error", "rule.reading=paper", "rule.dt=1",
                              "rule.tau_v=1", "rule.k_p=8", "rule.steps=2000", "rule.settling=steps"});
  const std::string message = message_of([&] { train(recipe, 1, options_in(directory)); });
  EXPECT_THAT(message, AllOf(HasSubstr("ran away in epoch 1, minibatch 1"),
                             HasSubstr("The Euler step is unstable there"),
                             HasSubstr("smaller rule.dt or a larger rule.alpha")));
}

TEST(Runaway, OfWeightsThatGrewWithoutBoundsBlamesTheirLearning) {
  const TemporaryDirectory directory;
  const Recipe recipe = small_recipe(
      "dfc-ss", {"rule.dt_fb=0.05", "rule.tau_v_fb=0.05", "rule.k_p_fb=30", "rule.pretraining_epochs=3"});
  const std::string message = message_of([&] { train(recipe, 1, options_in(directory)); });
  EXPECT_THAT(message,
              AllOf(HasSubstr("grown past what can be computed"), HasSubstr("of what learns in sleep"),
                    HasSubstr("rule.dt_fb"), HasSubstr("rule.k_p_fb")));
  EXPECT_THAT(message, testing::Not(HasSubstr("nan")));
}

TEST(Unsettled, RunningAwayIsToldFromBeingSlow) {
  const TemporaryDirectory directory;
  std::vector<std::string> heard;
  TrainingOptions options = options_in(directory);
  options.warn = [&](const std::string& sentence) { heard.push_back(sentence); };
  // an Euler step that is far too long: samples are far away after 8 states, but still numbers
  train(small_recipe("dfc-ss", {"training.epochs=1", "rule.feedback=fixed", "rule.k_p=3", "rule.dt=0.2",
                                "rule.tau_v=0.2", "rule.steps=8"}),
        1, options);
  ASSERT_EQ(heard.size(), 2u);
  EXPECT_THAT(heard[0], AllOf(HasSubstr("run away"), HasSubstr("smaller rule.dt (now 0.2)"),
                              HasSubstr("rule.k_p (now 3)"), HasSubstr("rule.alpha")));
}

TEST(Unsettled, IsSaidDuringAndAtTheEndOfTrainingAndNotWhereSamplesSettle) {
  const TemporaryDirectory directory;
  const auto warnings = [&](const std::vector<std::string>& said) {
    std::vector<std::string> heard;
    TrainingOptions options = options_in(directory);
    options.warn = [&](const std::string& sentence) { heard.push_back(sentence); };
    std::vector<std::string> all = {"training.epochs=2", "rule.feedback=fixed"};
    all.insert(all.end(), said.begin(), said.end());
    train(small_recipe("dfc-ss", all), 1, options);
    return heard;
  };
  const auto heard = warnings({"rule.steps=60"});
  ASSERT_EQ(heard.size(), 2u);
  for (const std::string& sentence : heard) {
    EXPECT_THAT(sentence, AllOf(HasSubstr("60 states"), HasSubstr("rule.steps"), HasSubstr("rule.dt"),
                                HasSubstr("include_non_converged")));
  }
  EXPECT_TRUE(warnings({"rule.steps=60", "rule.include_non_converged=true"}).empty());
  EXPECT_TRUE(warnings({"rule.steps=800", "rule.alpha=0.05", "rule.k_p=1", "rule.dt=0.05"}).empty());
}

TEST(Thrown, IsATrainingThatStaysFiniteFarFromAnyUse) {
  const TemporaryDirectory directory;
  const auto warnings = [&](const std::string& rate) {
    std::vector<std::string> heard;
    TrainingOptions options = options_in(directory);
    options.warn = [&](const std::string& sentence) { heard.push_back(sentence); };
    train(small_recipe("backprop", {"training.epochs=1", "optimizer.learning_rate=" + rate}), 1, options);
    return heard;
  };
  const auto heard = warnings("1e20");
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_THAT(heard[0],
              AllOf(HasSubstr("guessing among 10 classes, 2.303"), HasSubstr("smaller learning rate")));
  EXPECT_TRUE(warnings("0.05").empty());
  EXPECT_TRUE(warnings("0").empty());  // guessing is no warning
}

// Feedback learning is measured from the first sleep on; the first wake minibatch is at 0.
TEST(Probes, OfFeedbackAlsoMeasureBeforeTraining) {
  const TemporaryDirectory directory;
  const TrainingResult result = train(
      small_recipe("dfc-ssa", {"training.epochs=1", "rule.pretraining_epochs=2", "rule.sleep_before=0",
                               "rule.sleep_after=0", "probes.condition-2=38", "probes.update-angle=38"}),
      1, options_in(directory));
  std::vector<double> moments, update;
  for (const Metric& line : lines_of(result.directory, "probe")) {
    const auto& name = std::get<std::string>(value_of(line, "probe"));
    if (name == "condition-2") moments.push_back(std::get<double>(value_of(line, "epoch")));
    if (name == "update-angle") update.push_back(std::get<double>(value_of(line, "epoch")));
  }
  ASSERT_EQ(moments.size(), 3u);
  EXPECT_NEAR(moments[0], -2, 0.05);
  EXPECT_NEAR(moments[1], -1, 0.05);
  EXPECT_NEAR(moments[2], 0, 0.05);
  EXPECT_EQ(update.size(), 1u);
}

}  // namespace
}  // namespace apical
