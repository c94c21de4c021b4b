// A run that was stopped goes on with the same bits as one that never was.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>

#include "apical/checkpoint.h"
#include "apical/error.h"
#include "experiment/small_recipe.h"
#include "experiment/trainer.h"

namespace apical {
namespace {

// Three minibatches a segment, the last of them smaller; sleep before, between and after.
Recipe interrupted_recipe(const std::string& rule, const std::string& precision) {
  std::vector<std::string> said = {"problem.training_samples=40", "problem.batch_size=16",
                                   "training.epochs=2", "training.precision=" + precision,
                                   "probes.update-angle=2"};
  if (rule == "dfc")
    said.insert(said.end(),
                {"rule.steps=30", "rule.pretraining_epochs=1", "rule.sleep_after=1", "rule.sigma=0.01"});
  if (rule == "dfc-ssa") said.insert(said.end(), {"rule.pretraining_epochs=1", "rule.sleep_after=1"});
  return small_recipe(rule, said);
}

std::map<std::string, NamedTensor, std::less<>> last_state(const std::filesystem::path& run) {
  auto tensors = load_checkpoint(checkpoints_of(run).back()).tensors();
  for (const char* times : {"best", "clock"}) tensors.erase(times);
  return tensors;
}

class Resume : public ::testing::TestWithParam<std::tuple<std::string, std::string>> {};

TEST_P(Resume, AfterEveryMinibatchGivesTheSameBits) {
  const auto& [rule, precision] = GetParam();
  const Recipe recipe = interrupted_recipe(rule, precision);
  const TemporaryDirectory directory;
  TrainingOptions options = options_in(directory);
  options.out = directory / "straight";
  const TrainingResult straight = train(recipe, 1, options);
  ASSERT_EQ(straight.end, TrainingEnd::finished);

  // the first report comes after the first minibatch; it asks to stop there
  std::atomic<bool> stop = false;
  std::set<std::string> interrupted;
  options.stop = &stop;
  options.progress = [&](const TrainingProgress& progress) {
    interrupted.insert(progress.pass);
    stop = true;
  };
  options.out = directory / "interrupted";
  TrainingResult result = train(recipe, 1, options);
  int stops = 0;
  while (result.end == TrainingEnd::stopped) {
    ASSERT_LT(++stops, 100);
    EXPECT_EQ(read_manifest(result.directory).status, RunStatus::stopped);
    // what a killed process may have logged after its last checkpoint
    std::ofstream(result.directory / "metrics.jsonl", std::ios::app)
        << "{\"event\":\"epoch\",\"epoch\":99}\n{\"eve";
    stop = false;
    result = resume(result.directory, options);
  }
  const std::size_t segments = rule == "backprop" ? 2 : 7;
  EXPECT_GE(stops, static_cast<int>(3 * segments) - 1);
  if (rule != "backprop") {
    EXPECT_THAT(interrupted, ::testing::ElementsAre("feedback-pretraining", "sleep", "wake"));
  }

  EXPECT_TRUE(last_state(result.directory) == last_state(straight.directory));
  EXPECT_EQ(timeless(result.directory), timeless(straight.directory));
  EXPECT_EQ(result.test_error, straight.test_error);
  EXPECT_EQ(result.best_epoch, straight.best_epoch);
}

INSTANTIATE_TEST_SUITE_P(Rules, Resume,
                         ::testing::Combine(::testing::Values("backprop", "dfc", "dfc-ssa"),
                                            ::testing::Values("float32", "float64")),
                         [](const auto& one) {
                           std::string name = std::get<0>(one.param) + "_" + std::get<1>(one.param);
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(Trainer, LoadedInTheMiddleOfAPassContinuesWithTheSameBits) {
  const Plan plan = make_plan(interrupted_recipe("dfc", "float32"), {});
  Pool pool(1);
  const auto advance = [](TrainerBase& trainer) {
    if (trainer.segment_done()) trainer.next_segment();
    if (!trainer.done()) trainer.step({});
  };
  const auto finish = [&](TrainerBase& trainer) {
    while (!trainer.done()) advance(trainer);
    Checkpoint checkpoint;
    trainer.save(checkpoint);
    return checkpoint.tensors();
  };
  const auto straight = finish(*make_trainer(plan, 1, pool));
  // minibatch 2 of pre-training, of the first sleep, and of the first wake epoch
  for (const int minibatches : {2, 5, 8}) {
    const auto trainer = make_trainer(plan, 1, pool);
    for (int i = 0; i < minibatches; ++i) advance(*trainer);
    EXPECT_EQ(trainer->minibatch(), 2u);
    Checkpoint checkpoint;
    trainer->save(checkpoint);
    const auto again = make_trainer(plan, 1, pool);
    again->load(checkpoint);
    EXPECT_EQ(again->segment().pass.name, trainer->segment().pass.name);
    EXPECT_TRUE(finish(*again) == straight) << "after " << minibatches << " minibatches";
  }
  EXPECT_FALSE(finish(*make_trainer(plan, 2, pool)) == straight);
}

TEST(Trainer, CheckpointOfAnotherNetworkIsRefused) {
  const Plan plan = make_plan(small_recipe("backprop"), {});
  const Plan wider = make_plan(small_recipe("backprop", {"network.layers=[0, 25, 16, 0]"}), {});
  const Plan doubled = make_plan(small_recipe("backprop", {"training.precision=float64"}), {});
  Pool pool(1);
  Checkpoint checkpoint;
  make_trainer(plan, 1, pool)->save(checkpoint);
  EXPECT_NO_THROW(make_trainer(plan, 1, pool)->load(checkpoint));
  EXPECT_THROW(make_trainer(wider, 1, pool)->load(checkpoint), Error);
  EXPECT_THROW(make_trainer(doubled, 1, pool)->load(checkpoint), Error);
}

TEST(Training, IsTheSameBitsForAnyNumberOfThreads) {
  const TemporaryDirectory directory;
  TrainingOptions options = options_in(directory);
  std::map<std::string, NamedTensor, std::less<>> one;
  for (const char* threads : {"1", "2", "3"}) {
    Recipe recipe = interrupted_recipe("dfc", "float32");
    recipe.set(std::string("training.threads=") + threads);
    options.out = directory / (std::string("threads-") + threads);
    const auto state = last_state(train(recipe, 1, options).directory);
    if (one.empty()) one = state;
    EXPECT_TRUE(state == one) << threads << " threads";
  }
}

TEST(Resume, OfAFinishedRunIsRefused) {
  const TemporaryDirectory directory;
  const TrainingResult result = train(interrupted_recipe("backprop", "float32"), 1, options_in(directory));
  EXPECT_THROW(resume(result.directory, options_in(directory)), Error);
}

}  // namespace
}  // namespace apical
