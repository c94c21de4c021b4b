// Every rule learns the embedded digits, inside a band and better than the shallow control; training ends as
// it should.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "apical/error.h"
#include "apical/rule.h"
#include "experiment/small_recipe.h"

namespace apical {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct Curve {
  double first_loss = 0, last_loss = 0;  // of the training samples, first and last epoch
  double test_error = 0;                 // after the last epoch
};

bool knows(const Card& card, const std::string& setting) {
  return std::any_of(card.parameters.begin(), card.parameters.end(),
                     [&](const Parameter& parameter) { return setting.starts_with(parameter.name + "="); });
}

// Eight epochs on 1,200 digits with the card's optimizer at a rate for so few.
Curve curve_of(const std::string& rule, std::vector<std::string> said = {}) {
  said.insert(said.end(), {"training.epochs=8", "optimizer.learning_rate=0.006"});
  const Card card = rule_named(rule, "test").card();
  for (const Parameter& parameter : card.parameters) {
    // four time constants of the controller are too short to settle, and long enough to learn
    const bool simulated = parameter.name == "steps";
    for (const char* setting : {"steps=80", "dt=0.05", "tau_v=0.2", "include_non_converged=true"}) {
      if (simulated && knows(card, setting)) said.push_back(std::string("rule.") + setting);
    }
    if (parameter.name == "steps_fb") said.emplace_back("rule.steps_fb=48");
    if (parameter.name == "pretraining_epochs")
      said.insert(said.end(), {"rule.pretraining_epochs=10", "rule.sleep_after=0"});
  }
  const TemporaryDirectory directory;
  const TrainingResult result = train(small_recipe(rule, said), 1, options_in(directory));
  const auto epochs = lines_of(result.directory, "epoch");
  return {std::get<double>(value_of(epochs.front(), "loss")),
          std::get<double>(value_of(epochs.back(), "loss")), result.test_error};
}

class Learning : public ::testing::Test {
 protected:
  // what a trained read-out on random features reaches
  static const Curve& control() {
    static const Curve curve = curve_of("shallow");
    return curve;
  }
  static void expect_learned(const std::string& rule, const std::vector<std::string>& said, double most) {
    const Curve curve = curve_of(rule, said);
    const std::string name = rule + (said.empty() ? "" : " " + said.front());
    EXPECT_LT(curve.last_loss, 0.4 * curve.first_loss) << name;
    EXPECT_LT(curve.test_error, most) << name;
    EXPECT_LT(curve.test_error, 0.75 * control().test_error) << name;
  }
};

TEST_F(Learning, OfTheShallowControlEndsFarFromWhatRulesReach) {
  EXPECT_GT(control().test_error, 0.2);
  EXPECT_LT(control().test_error, 0.4);
}
TEST_F(Learning, OfBackpropEndsInItsBand) { expect_learned("backprop", {}, 0.07); }
TEST_F(Learning, OfFeedbackAlignmentEndsInItsBand) { expect_learned("feedback-alignment", {}, 0.12); }
TEST_F(Learning, OfDfaEndsInItsBand) { expect_learned("dfa", {}, 0.12); }
TEST_F(Learning, OfDfcEndsInItsBandInBothReadings) {
  expect_learned("dfc", {"rule.reading=code"}, 0.2);
  expect_learned("dfc", {"rule.reading=paper"}, 0.2);
}
TEST_F(Learning, OfDfcSsEndsInItsBandInBothReadings) {
  expect_learned("dfc-ss", {"rule.reading=code"}, 0.2);
  expect_learned("dfc-ss", {"rule.reading=paper"}, 0.2);
}
TEST_F(Learning, OfDfcSsaEndsInItsBandInBothReadings) {
  expect_learned("dfc-ssa", {"rule.reading=code"}, 0.2);
  expect_learned("dfc-ssa", {"rule.reading=paper"}, 0.2);
}
TEST_F(Learning, OfStrongDfcEndsInItsBandInBothReadingsPhasesAndForms) {
  expect_learned("strong-dfc", {"rule.reading=code"}, 0.15);
  expect_learned("strong-dfc", {"rule.reading=paper"}, 0.15);
  expect_learned("strong-dfc", {"rule.phases=two"}, 0.15);
  expect_learned("strong-dfc", {"rule.learning=last"}, 0.15);
}
TEST_F(Learning, ThroughFixedFeedbackEndsInItsBandInBothReadings) {
  expect_learned("dfc-ssa", {"rule.reading=code", "rule.feedback=fixed"}, 0.12);
  expect_learned("dfc-ssa", {"rule.reading=paper", "rule.feedback=fixed"}, 0.12);
}
TEST_F(Learning, OfEveryRuleBeatsTheShallowControl) {
  for (const RuleEntry& entry : all_rules()) {
    const std::string id = entry.card().id;
    if (id != "shallow") expect_learned(id, {}, 0.2);
  }
}

// --- how training ends

TEST(Training, StopsEarlyWhenValidationNoLongerImproves) {
  const TemporaryDirectory directory;
  const Recipe recipe =
      small_recipe("backprop", {"training.epochs=9", "training.early_stopping=2", "optimizer.algorithm=sgd",
                                "optimizer.learning_rate=1e-12"});
  const TrainingResult result = train(recipe, 1, options_in(directory));
  EXPECT_EQ(result.end, TrainingEnd::finished);
  EXPECT_EQ(result.best_epoch, 1);
  EXPECT_EQ(lines_of(result.directory, "epoch").size(), 3u);
  EXPECT_EQ(read_manifest(result.directory).status, RunStatus::finished);
}

TEST(Training, ReportsTheTestErrorOfTheBestValidationEpoch) {
  const TemporaryDirectory directory;
  const TrainingResult result =
      train(small_recipe("backprop", {"optimizer.learning_rate=0.05", "training.epochs=6"}), 1,
            options_in(directory));
  double best = 2, test = -1;
  std::int64_t best_epoch = 0, test_epoch = 0;
  for (const Metric& line : lines_of(result.directory, "evaluation")) {
    const double error = std::get<double>(value_of(line, "error"));
    const auto epoch = std::get<std::int64_t>(value_of(line, "epoch"));
    if (std::get<std::string>(value_of(line, "split")) == "validation" && error < best)
      best = error, best_epoch = epoch;
  }
  for (const Metric& line : lines_of(result.directory, "evaluation")) {
    test_epoch = std::get<std::int64_t>(value_of(line, "epoch"));
    if (std::get<std::string>(value_of(line, "split")) == "test" && test_epoch == best_epoch)
      test = std::get<double>(value_of(line, "error"));
  }
  EXPECT_EQ(result.best_epoch, best_epoch);
  EXPECT_EQ(result.test_error, test);
}

TEST(Training, LearningRateThatIsNotANumberIsRefused) {
  try {
    small_recipe("backprop", {"optimizer.learning_rate=nan"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("learning_rate"), HasSubstr("nan")));
  }
}

TEST(Training, ThatDivergesSaysWhereAndIsRecordedAsFailed) {
  const TemporaryDirectory directory;
  const Recipe recipe = small_recipe(
      "backprop", {"network.activation=relu", "optimizer.algorithm=sgd", "optimizer.learning_rate=1e30"});
  TrainingOptions options = options_in(directory);
  std::filesystem::path run;
  options.created = [&](const std::filesystem::path& created) { run = created; };
  try {
    train(recipe, 1, options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("diverged"), HasSubstr("epoch 1"), HasSubstr("minibatch"),
                                    HasSubstr("layer"), HasSubstr("learning rate")));
  }
  const RunManifest manifest = read_manifest(run);
  EXPECT_EQ(manifest.status, RunStatus::failed);
  EXPECT_THAT(manifest.failure, HasSubstr("diverged"));
}

// The probe forms backprop's update anew from the weights of now: every update of a backprop run has to be
// that one.
TEST(Training, ReadsTheTransposedWeightsOfEveryMinibatchNotTheFirst) {
  const TemporaryDirectory directory;
  const TrainingResult result =
      train(small_recipe("backprop",
                         {"training.precision=float64", "training.epochs=1", "optimizer.learning_rate=0.05",
                          "probes.update-angle=1", "probes.update-length=1"}),
            1, options_in(directory));
  const auto probes = lines_of(result.directory, "probe");
  ASSERT_GT(probes.size(), 60u);
  for (const Metric& line : probes) {
    const auto& name = std::get<std::string>(value_of(line, "probe"));
    for (const auto& [layer, value] :
         std::get<std::vector<std::pair<std::string, double>>>(value_of(line, "values"))) {
      if (name == "update-angle") {
        EXPECT_LT(value, 1e-4) << layer;
      } else if (name == "update-length") {
        EXPECT_NEAR(value, 1, 1e-9) << layer;
      }
    }
  }
}

TEST(Training, RecordsTheMarksOfEveryPass) {
  const TemporaryDirectory directory;
  const TrainingResult result =
      train(small_recipe("dfc-ssa", {"training.epochs=1", "problem.training_samples=64",
                                     "rule.pretraining_epochs=0", "rule.sleep_after=0"}),
            1, options_in(directory));
  const auto marks = lines_of(result.directory, "marks");
  ASSERT_EQ(marks.size(), 2u);
  EXPECT_EQ(std::get<std::string>(value_of(marks[0], "pass")), "sleep");
  EXPECT_EQ(std::get<std::vector<std::string>>(value_of(marks[1], "marks")),
            rule_named("dfc-ssa", "test").card().marks.names());
}

}  // namespace
}  // namespace apical
