// A run says how often it solved for equilibria, and how often it had to simulate instead.
#include <gtest/gtest.h>

#include "experiment/small_recipe.h"

namespace apical {
namespace {

std::vector<Metric> epochs_of(const std::vector<std::string>& more) {
  std::vector<std::string> said = {"rule.feedback=fixed",         "rule.steps=20",
                                   "problem.training_samples=40", "problem.validation=10",
                                   "problem.batch_size=16",       "training.epochs=2"};
  said.insert(said.end(), more.begin(), more.end());
  const TemporaryDirectory directory;
  return lines_of(train(small_recipe("dfc-ss", said), 1, options_in(directory)).directory, "epoch");
}

bool has(const Metric& line, const std::string& key) {
  return std::any_of(line.begin(), line.end(), [&](const auto& entry) { return entry.first == key; });
}

TEST(SolvedRecord, EachEpochCountsItsSamples) {
  const auto epochs = epochs_of({"rule.settling=solved"});
  ASSERT_EQ(epochs.size(), 2u);
  for (const Metric& epoch : epochs) {
    EXPECT_EQ(value_of(epoch, "solved"), value_of(epoch, "samples"));
    EXPECT_EQ(value_of(epoch, "fell_back"), MetricValue(std::int64_t{0}));
  }
}

// A gain at which the loop oscillates: no sample has a stable equilibrium.
TEST(SolvedRecord, SaysWhereTheSimulationStoodIn) {
  for (const Metric& epoch : epochs_of({"rule.settling=solved", "rule.k_p=1000", "rule.tau_a=0.2"})) {
    EXPECT_EQ(value_of(epoch, "solved"), MetricValue(std::int64_t{0}));
    EXPECT_EQ(value_of(epoch, "fell_back"), value_of(epoch, "samples"));
  }
}

TEST(SolvedRecord, IsNotThereWhereNothingIsSolvedFor) {
  for (const char* settling : {"rule.settling=steps", "rule.settling=until-settled"}) {
    for (const Metric& epoch : epochs_of({settling}))
      EXPECT_FALSE(has(epoch, "solved") || has(epoch, "fell_back"));
  }
}

}  // namespace
}  // namespace apical
