// What one seed trains on, minibatch by minibatch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "experiment/session.h"
#include "experiment/small_recipe.h"

namespace apical {
namespace {

// Loss of the first minibatch, and the mean over the epoch, of each epoch of a network that stands still.
struct EpochLosses {
  std::vector<double> first, mean;
};

EpochLosses losses_of_a_still_network() {
  const TemporaryDirectory directory;
  const Recipe recipe = small_recipe("backprop", {"training.precision=float64", "optimizer.algorithm=sgd",
                                                  "optimizer.learning_rate=1e-300", "training.epochs=4"});
  Session session(recipe, options_in(directory).data, 1);
  TrainerBase& trainer = session.trainer();
  EpochLosses losses;
  while (!trainer.done()) {
    while (!trainer.segment_done()) {
      trainer.step({});
      if (trainer.minibatch() == 1) losses.first.push_back(trainer.sums().mean_loss());
    }
    losses.mean.push_back(trainer.sums().mean_loss());
    trainer.next_segment();
  }
  return losses;
}

TEST(Trainer, GoesThroughTheSameSamplesInAnotherOrderEachEpoch) {
  const EpochLosses losses = losses_of_a_still_network();
  ASSERT_EQ(losses.first.size(), 4u);
  for (std::size_t epoch = 1; epoch < 4; ++epoch) {
    EXPECT_NEAR(losses.mean[epoch], losses.mean[0], 1e-12 * losses.mean[0]) << "every sample once";
    for (std::size_t before = 0; before < epoch; ++before) {
      EXPECT_GT(std::abs(losses.first[epoch] - losses.first[before]), 1e-6)
          << "epochs " << before << " and " << epoch << " begin with the same minibatch";
    }
  }
}

}  // namespace
}  // namespace apical
