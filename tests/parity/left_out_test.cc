// Samples that run away are left out of an update, and only they.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "apical/rule.h"
#include "network/minibatch.h"

namespace apical {
namespace {

// One input, one relu unit, one linear output. Feedback is wrong for the hidden unit: an input of 1 makes it
// active, and a target below the output drives it upwards without end; an input of −1 leaves it silent, and
// the output is controlled.
class OneOfTwoRunsAway : public testing::TestWithParam<const char*> {
 protected:
  struct Sample {
    double x, y;
  };
  static constexpr Sample kRunaway{1, -10}, kCalm{-1, 2};

  class Samples final : public SampleSource<double> {
   public:
    explicit Samples(std::vector<Sample> samples) : samples_(std::move(samples)) {}
    void fill(std::size_t first, std::size_t rows, BatchState<double>& batch) const override {
      for (std::size_t row = first; row < first + rows; ++row) {
        batch.rate[0][row * row_stride<double>(1)] = samples_[row].x;
        batch.target[row * row_stride<double>(1)] = samples_[row].y;
        batch.label[row] = -1;
      }
    }
    std::vector<Sample> samples_;
  };

  struct Update {
    std::array<double, 2> w, b;
    std::vector<Settled> settled;
  };

  // The nudge is λ/B and the update a mean over B: a sample's part of the update is the same for every B if
  // λ/B is.
  Update update(const std::vector<Sample>& samples, double nudge) {
    const RuleEntry& entry = rule_named("dfc", "test");
    Parameters settings = entry.card().settings();
    const double batch = static_cast<double>(samples.size());
    for (const auto& [name, value] :
         std::vector<std::pair<const char*, Value>>{{"bookkeeping", GetParam()},
                                                    {"target_step", nudge * batch},
                                                    {"alpha", 0.001},
                                                    {"dt", 0.5},
                                                    {"tau_v", 0.5},
                                                    {"steps", std::int64_t{2000}},
                                                    {"k_p", 0.0}}) {
      settings.set(name, value);
    }
    Network<double> network({.units = {1, 1, 1}, .activations = {Activation::relu, Activation::linear}},
                            entry.card().groups, 0);
    network.weights(1).set(0, 0, 1);
    network.weights(2).set(0, 0, 1);
    network.weights(2).bias()[0] = 0.5;
    network.weights("feedback", 1).set(0, 0, -5);
    network.weights("feedback", 2).set(0, 0, 1);
    Pool pool(1);
    Minibatch<double> minibatch(network, Loss::mean_squared_error, pool, samples.size());
    minibatch.assign(*entry.make<double>(settings), {}, samples.size(), Samples(samples));
    const auto& delta = minibatch.delta();
    return {{batch * delta.weights[0][0], batch * delta.weights[1][0]},
            {batch * delta.bias[0][0], batch * delta.bias[1][0]},
            minibatch.state().settled};
  }
};

TEST_P(OneOfTwoRunsAway, TheOtherTeachesAsIfItWereAlone) {
  const Update both = update({kRunaway, kCalm}, 0.01), calm = update({kCalm}, 0.01);
  ASSERT_TRUE(both.settled[0].diverged);
  ASSERT_FALSE(std::isfinite(both.settled[0].residual))
      << "the sample has to reach infinity for this test to mean anything";
  ASSERT_TRUE(calm.settled[0].converged);
  EXPECT_NE(calm.b[1], 0);
  if (std::string(GetParam()) == "stored") {
    for (std::size_t layer : {0, 1}) {
      EXPECT_NEAR(both.w[layer], calm.w[layer], 1e-15) << layer;
      EXPECT_NEAR(both.b[layer], calm.b[layer], 1e-15) << layer;
    }
    return;
  }
  // streaming: the other sample also teaches, for as long as it had not run away
  const Update runaway = update({kRunaway}, 0.01);
  EXPECT_NE(runaway.b[0], 0);
  for (std::size_t layer : {0, 1}) {
    EXPECT_NEAR(both.w[layer], calm.w[layer] + runaway.w[layer], 1e-12) << layer;
    EXPECT_NEAR(both.b[layer], calm.b[layer] + runaway.b[layer], 1e-12) << layer;
  }
}

INSTANTIATE_TEST_SUITE_P(Bookkeeping, OneOfTwoRunsAway, testing::Values("stored", "streaming"));

}  // namespace
}  // namespace apical
