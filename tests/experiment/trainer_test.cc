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

// Everything that a resume needs, after an epoch with sleep, with a probe at every minibatch or with none.
Checkpoint trained_with_a_still_layer(const std::vector<std::string>& probes) {
  const TemporaryDirectory directory;
  Recipe recipe = small_recipe("dfc-ssa", {"rule.feedback=learned", "rule.pretraining_epochs=1",
                                           "training.epochs=1", "optimizer.feedback.layer_rates=[1, 0, 1]",
                                           "optimizer.feedback-pretraining.layer_rates=[1, 0, 1]"});
  Session session(recipe, options_in(directory).data, 1);
  TrainerBase& trainer = session.trainer();
  for (; !trainer.done(); trainer.next_segment()) {
    while (!trainer.segment_done()) trainer.step(probes);
  }
  Checkpoint checkpoint;
  trainer.save(checkpoint);
  return checkpoint;
}

TEST(Trainer, ALayerWithoutALearningRateStaysWhetherProbesLookAtItOrNot) {
  const Checkpoint unseen = trained_with_a_still_layer({}),
                   seen = trained_with_a_still_layer({"update-angle"});
  std::size_t compared = 0;
  for (const auto& [name, tensor] : unseen.tensors()) {
    const NamedTensor& other = seen.require_tensor(name, tensor.dtype, tensor.shape);
    EXPECT_TRUE(tensor.bytes == other.bytes) << name;
    ++compared;
  }
  EXPECT_GT(compared, 10u);
}

}  // namespace
}  // namespace apical
