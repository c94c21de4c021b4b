// A trained network in use: which of a run's networks, on what.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "experiment/small_recipe.h"

namespace apical {
namespace {

double test_error_of_epoch(const std::filesystem::path& run, std::int64_t epoch) {
  for (const Metric& line : lines_of(run, "evaluation")) {
    if (value_of(line, "split") == MetricValue(std::string("test")) &&
        value_of(line, "epoch") == MetricValue(epoch))
      return std::get<double>(value_of(line, "error"));
  }
  throw std::logic_error("no such epoch");
}

TEST(EvaluateRun, UsesTheNetworkOfTheBestValidationEpochAndTheLatestOnDemand) {
  const TemporaryDirectory directory;
  const TrainingOptions options = options_in(directory);
  // steps so large that the validation error goes up and down
  const Recipe recipe = small_recipe("backprop", {"optimizer.learning_rate=0.05", "training.epochs=6"});
  TrainingResult result = train(recipe, 1, options);
  for (std::uint64_t seed = 2; result.best_epoch == 6 && seed <= 10; ++seed)
    result = train(recipe, seed, options);
  ASSERT_LT(result.best_epoch, 6) << "the latest epoch must not be the best, or the test shows nothing";

  const auto evaluate = [&](Moment moment) {
    return evaluate_run(result.directory, "digits", "test", moment, {}, options);
  };
  EXPECT_EQ(evaluate(Moment::best).error, result.test_error);
  EXPECT_EQ(evaluate(Moment::best).loss, result.test_loss);
  EXPECT_EQ(evaluate(Moment::latest).error, test_error_of_epoch(result.directory, 6));
  EXPECT_NE(evaluate(Moment::latest).loss, evaluate(Moment::best).loss);
}

TEST(EvaluateRun, TakesTheLatestWhereNothingWasValidated) {
  const TemporaryDirectory directory;
  const TrainingOptions options = options_in(directory);
  const TrainingResult result = train(small_recipe("backprop", {"problem.validation=0"}), 1, options);
  EXPECT_EQ(evaluate_run(result.directory, "digits", "test", Moment::best, {}, options).loss,
            result.test_loss);
}

}  // namespace
}  // namespace apical
