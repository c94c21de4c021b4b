// Deep Feedback Control that learns from the last state: steady states, and samples that never get there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/trajectory.h"
#include "rules/worked_example.h"

namespace apical {
namespace {

using ::testing::DoubleNear;
using ::testing::Pointwise;

// Long enough to settle to rounding.
Overrides settled(Overrides more = {}) {
  Overrides all = {{"feedback", "fixed"}, {"alpha", 0.2}, {"dt", 0.02},
                   {"tau_v", 0.05},       {"k_p", 0.5},   {"steps", std::int64_t{4000}},
                   {"target_step", 0.3}};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

TEST(DfcSs, UpdateIsTheOuterProductOfItsLastState) {
  for (const char* reading : {"code", "paper"}) {
    const Toy toy = make_toy({.units = {5, 7, 6, 3}, .batch = 18});
    Bench<double> bench(toy, "dfc-ss");
    Watching watching(toy);
    bench.minibatch().set_observer(&watching);
    const Change change = bench.run("dfc-ss", {{"reading", reading},
                                               {"steps", std::int64_t{30}},
                                               {"target_step", 0.6},
                                               {"include_non_converged", true}});
    const Naive<double> naive(toy, bench.network());
    Change mean = naive.zero_change();
    const double c = std::string(reading) == "code" ? 2 : 1;
    for (std::size_t sample = 0; sample < toy.batch; ++sample) {
      const auto& last = watching.of(sample).back();
      for (std::size_t i = 1; i <= toy.spec.depth(); ++i) {
        naive.add_outer(mean, i, c / static_cast<double>(toy.batch), naive.mismatch(i, last), last.r[i - 1]);
      }
    }
    EXPECT_LT(deviation(change, mean), 1e-11) << reading;
  }
}

TEST(DfcSs, TransmissionAndControlDelaysDoNotMoveTheSteadyState) {
  const Toy toy = make_toy({.batch = 5});
  for (const char* reading : {"code", "paper"}) {
    Bench<double> bench(toy, "dfc-ss", {{"feedback", "fixed"}});
    const Change at_once = bench.run("dfc-ss", settled({{"reading", reading}}));
    EXPECT_LT(
        deviation(bench.run("dfc-ss", settled({{"reading", reading}, {"transmission", "delayed"}})), at_once),
        1e-10);
    EXPECT_LT(deviation(bench.run("dfc-ss", settled({{"reading", reading}, {"proactive", false}})), at_once),
              1e-10);
    EXPECT_LT(deviation(bench.run("dfc-ss", settled({{"reading", reading}, {"tau_a", 0.1}})), at_once),
              1e-10);
    // a test of steady states has to reach them: soon after the start the delay is seen
    const Overrides early = {
        {"reading", reading}, {"steps", std::int64_t{20}}, {"include_non_converged", true}};
    Overrides early_delayed = early;
    early_delayed.emplace_back("transmission", "delayed");
    EXPECT_GT(deviation(bench.run("dfc-ss", settled(early_delayed)), bench.run("dfc-ss", settled(early))),
              1e-4);
  }
}

TEST(DfcSs, SteadyStateOfTheDynamicsSolvesTheirEquations) {
  const Toy toy = make_toy({.batch = 3});
  for (const char* reading : {"code", "paper"}) {
    Bench<double> bench(toy, "dfc-ss", {{"feedback", "fixed"}});
    Watching watching(toy);
    bench.minibatch().set_observer(&watching);
    bench.run("dfc-ss", settled({{"reading", reading}}));
    const Naive<double> naive(toy, bench.network());
    const bool code = std::string(reading) == "code";
    const double leak = code ? 0.2 : 0.2 / (1 + 0.2 * 0.5);
    for (std::size_t sample = 0; sample < toy.batch; ++sample) {
      const auto& state = watching.of(sample).back();
      const auto target = naive.nudged(sample, code ? 0.3 / 3 : 0.3);
      // e = leak · u, and every soma is the sum of its compartments
      for (std::size_t j = 0; j < toy.outputs(); ++j) {
        EXPECT_NEAR(target[j] - state.r.back()[j], leak * state.u[j], 1e-13);
      }
      for (std::size_t i = 1; i <= toy.spec.depth(); ++i) {
        const auto basal = naive.basal(i, state.r[i - 1]), apical = naive.apical(i, state.u);
        for (std::size_t j = 0; j < basal.size(); ++j)
          EXPECT_NEAR(state.v[i][j], basal[j] + apical[j], 1e-12);
      }
    }
  }
}

TEST(DfcSsByHand, SteadyStateOfTwoThreeTwo) {
  const Toy toy = worked_example();
  Bench<double> bench(toy, "dfc-ss");
  set_worked_weights(bench.network());
  bench.network().weights("feedback", 1).set_values(Numbers{1, 0, 0, 1, 1, 0});
  bench.network().weights("feedback", 2).set_values(Numbers{1, 0, 0, 1});
  const Change change =
      bench.run("dfc-ss", settled({{"target_step", 1.0}, {"alpha", 1.0}, {"include_non_converged", true}}));
  // as in the analytic rule's example: the active units stay active, so that the network is linear along the
  // way
  EXPECT_THAT(change.W[0], Pointwise(DoubleNear(1e-12), Numbers{-2. / 3, -4. / 3, 2. / 3, 4. / 3, 0, 0}));
  EXPECT_THAT(change.W[1], Pointwise(DoubleNear(1e-12), Numbers{-4. / 9, -14. / 9, 0, 4. / 9, 14. / 9, 0}));
}

// --- samples that do not settle

// Two relu units: the first is active for positive inputs and its feedback pushes the wrong way, so that
// these samples run away; the second is active for negative inputs, which settle.
struct Runaway {
  Runaway(const std::vector<double>& inputs, double wrong) : gain(wrong) {
    toy.spec.units = {1, 2, 1};
    toy.spec.activations = {Activation::relu, Activation::linear};
    toy.loss = Loss::half_squared_error;
    toy.batch = inputs.size();
    toy.x = inputs;
    toy.labels.assign(toy.batch, -1);
    for (const double x : inputs) toy.y.push_back(x > 0 ? -2 : 2.5);
  }
  template <class T>
  void set_weights(Network<T>& network) const {
    network.weights(1).set_values(Numbers{1, -1});
    network.weights(2).set_values(Numbers{1, 1});
    network.weights(1).set_bias_values(Numbers{0.5, 0.5});
    network.weights(2).set_bias_values(Numbers{-0.25});
    network.weights("feedback", 1).set_values(Numbers{-gain, 0.5});
    network.weights("feedback", 2).set(0, 0, 1);
  }
  Toy toy;
  double gain;
};

template <class T>
void expect_nothing_of_samples_that_run_away(const char* rule, double gain, bool overflows) {
  const auto run = [&](const std::vector<double>& inputs, double step) {
    const Runaway runaway(inputs, gain);
    Bench<T> bench(runaway.toy, rule);
    runaway.set_weights(bench.network());
    const Change change = bench.run(
        rule, {{"target_step", step}, {"steps", std::int64_t{1500}}, {"alpha", 0.01}, {"dt", 0.05}});
    const auto& settled = bench.minibatch().state().settled;
    EXPECT_TRUE(settled[0].converged) << "input " << runaway.toy.x[0];
    for (std::size_t row = 1; row < runaway.toy.batch; ++row) {
      EXPECT_FALSE(settled[row].converged);
      EXPECT_TRUE(settled[row].diverged);
      EXPECT_EQ(std::isfinite(settled[row].error), !overflows);
    }
    return change;
  };
  // the nudge per sample is λ/B: the same for one sample at λ and for B at B λ
  const Change alone = run({-1}, 0.25);
  EXPECT_GT(length(alone), 0);
  for (const std::size_t batch : {std::size_t{2}, std::size_t{16}, std::size_t{32}}) {
    std::vector<double> inputs(batch, 1.0);
    inputs[0] = -1;
    Change together = run(inputs, 0.25 * static_cast<double>(batch));
    for (auto* list : {&together.W, &together.b}) {
      for (Numbers& values : *list) {
        for (double& value : values) value *= static_cast<double>(batch);
      }
    }
    // to the bit: powers of two scale without rounding
    EXPECT_EQ(together.W, alone.W) << rule << ", " << batch << " samples";
    EXPECT_EQ(together.b, alone.b) << rule << ", " << batch << " samples";
  }
}

TEST(UnsettledSamples, ContributeNothingToTheBit) {
  for (const char* rule : {"dfc", "dfc-ss"}) {
    expect_nothing_of_samples_that_run_away<double>(rule, 1.4, false);
    expect_nothing_of_samples_that_run_away<float>(rule, 1.4, false);
  }
}

TEST(UnsettledSamples, ContributeNothingToTheBitWhereTheirStateIsNoLongerFinite) {
  for (const char* rule : {"dfc", "dfc-ss"}) {
    expect_nothing_of_samples_that_run_away<double>(rule, 1e6, true);
    expect_nothing_of_samples_that_run_away<float>(rule, 1e6, true);
  }
}

TEST(UnsettledSamples, AloneProposeNothing) {
  for (const char* rule : {"dfc", "dfc-ss"}) {
    for (const double gain : {1.4, 1e6}) {
      const Runaway runaway(std::vector<double>(20, 1.0), gain);
      Bench<double> bench(runaway.toy, rule);
      runaway.set_weights(bench.network());
      EXPECT_EQ(length(bench.run(rule, {{"steps", std::int64_t{1500}}, {"dt", 0.05}})), 0)
          << rule << " " << gain;
    }
  }
}

TEST(UnsettledSamples, TakePartWhereTheSettingsSaySo) {
  const Runaway runaway({1, -1}, 1.4);
  Bench<double> bench(runaway.toy, "dfc");
  runaway.set_weights(bench.network());
  const Overrides short_run = {{"steps", std::int64_t{100}}, {"dt", 0.05}};
  Overrides included = short_run;
  included.emplace_back("include_non_converged", true);
  EXPECT_GT(length(bench.run("dfc", included)), 2 * length(bench.run("dfc", short_run)));
}

// The streaming form cannot take back what a sample gave before it diverged, and nothing after that counts.
TEST(UnsettledSamples, AreLeftOutStepByStepInTheStreamingForm) {
  for (const double gain : {1.4, 1e6}) {
    const Runaway runaway({1, -1}, gain);
    Bench<double> bench(runaway.toy, "dfc");
    runaway.set_weights(bench.network());
    Watching watching(runaway.toy);
    bench.minibatch().set_observer(&watching);
    const std::int64_t steps = 600;
    const Change change =
        bench.run("dfc", {{"steps", steps}, {"dt", 0.05}, {"alpha", 0.01}, {"bookkeeping", "streaming"}});
    const Naive<double> naive(runaway.toy, bench.network());
    Change mean = naive.zero_change();
    std::size_t left_out = 0;
    for (std::size_t sample = 0; sample < 2; ++sample) {
      for (std::size_t t = 1; t < static_cast<std::size_t>(steps); ++t) {
        const auto& state = watching.of(sample)[t];
        if (watching.settled(sample)[t - 1].diverged) {
          ++left_out;
          continue;
        }
        for (std::size_t i = 1; i <= 2; ++i) {
          naive.add_outer(mean, i, 2.0 / static_cast<double>(steps - 1) / 2, naive.mismatch(i, state),
                          state.r[i - 1]);
        }
      }
    }
    EXPECT_GT(left_out, 10u);
    EXPECT_LT(deviation(change, mean), 1e-10) << gain;
  }
}

}  // namespace
}  // namespace apical
