// The analytic steady state of Deep Feedback Control against the simulated one, and by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/trajectory.h"
#include "rules/worked_example.h"

namespace apical {
namespace {

using ::testing::DoubleNear;
using ::testing::Pointwise;

constexpr double kAlpha = 0.2, kGain = 0.5;

// Settings with which the dynamics settle to rounding.
Overrides simulated(const char* reading, double step) {
  return {{"reading", reading}, {"feedback", "fixed"}, {"alpha", kAlpha},     {"k_p", kGain},
          {"dt", 0.02},         {"tau_v", 0.05},       {"target_step", step}, {"steps", std::int64_t{4000}}};
}
// Settings of the analytic rule with the leak that the controller of `reading` has in its steady state.
Overrides solved(const char* reading, double step) {
  const double leak = std::string(reading) == "code" ? kAlpha : kAlpha / (1 + kAlpha * kGain);
  return {{"reading", reading}, {"feedback", "fixed"}, {"alpha", leak}, {"target_step", step}};
}

TEST(DfcSsa, EqualsTheConvergedDynamicsOfALinearNetwork) {
  const Toy toy = make_toy({.hidden = Activation::linear, .batch = 18});
  Bench<double> bench(toy, "dfc-ssa", {{"feedback", "fixed"}});
  // J Q shall not be symmetric
  std::mt19937_64 generator(3);
  std::normal_distribution<double> normal(0, 0.2);
  for (auto& q : bench.network().group("feedback")) {
    Numbers values = q.values();
    for (double& value : values) value += normal(generator);
    q.set_values(values);
  }
  for (const char* reading : {"code", "paper"}) {
    const Change dynamics = bench.run("dfc-ss", simulated(reading, 0.3));
    EXPECT_LT(deviation(bench.run("dfc-ssa", solved(reading, 0.3)), dynamics), 1e-10) << reading;
  }
  // the paper's dynamics do not have the code's leak
  EXPECT_GT(
      deviation(bench.run("dfc-ssa", solved("code", 0.3)), bench.run("dfc-ss", simulated("paper", 0.3))),
      1e-3);
}

TEST(DfcSsa, ApproachesTheConvergedDynamicsOfATanhNetworkWithSlopeOneInTheNudge) {
  const Toy toy = make_toy({.batch = 4});
  Bench<double> bench(toy, "dfc-ssa", {{"feedback", "fixed"}});
  for (const char* reading : {"code", "paper"}) {
    Numbers nudges, deviations;
    for (const double nudge : {0.01, 0.018, 0.032, 0.056, 0.1}) {
      const double step = std::string(reading) == "code" ? nudge * 4 : nudge;
      nudges.push_back(nudge);
      deviations.push_back(deviation(bench.run("dfc-ssa", solved(reading, step)),
                                     bench.run("dfc-ss", simulated(reading, step))));
    }
    EXPECT_NEAR(log_slope(nudges, deviations), 1, 0.1) << reading;
    EXPECT_LT(deviations.front(), 0.01) << reading;
  }
}

template <class Prepare>
void expect_lemma_one(std::size_t outputs, Activation output, const Prepare& prepare,
                      std::size_t last_hidden = 6) {
  // J Q u = d/ds of the output when every voltage gets s Q u, by differences of the plain network
  const Toy toy = make_toy(
      {.units = {5, 7, last_hidden, outputs}, .hidden = Activation::sigmoid, .output = output, .batch = 17});
  Bench<double> bench(toy, "dfc-ssa");
  prepare(bench.network());
  Watching watching(toy);
  watching.expect_solved();
  bench.minibatch().set_observer(&watching);
  bench.run("dfc-ssa", {{"alpha", kAlpha}, {"target_step", 0.5}});
  const Naive<long double> naive(toy, bench.network());
  for (std::size_t sample = 0; sample < toy.batch; ++sample) {
    const auto& u = watching.of(sample).back().u;
    const Naive<long double>::Vector control(u.begin(), u.end());
    const auto output_at = [&](long double s) {
      auto r = naive.forward(sample).r[0];
      for (std::size_t i = 1; i <= naive.L(); ++i) {
        auto v = naive.basal(i, r);
        const auto push = naive.apical(i, control);
        for (std::size_t j = 0; j < v.size(); ++j) v[j] += s * push[j];
        r = naive.rates(i, v);
      }
      return r;
    };
    const long double h = 1e-4L;
    const auto above = output_at(h), below = output_at(-h), base = output_at(0);
    const auto target = naive.nudged(sample, 0.5L / static_cast<long double>(toy.batch));
    for (std::size_t j = 0; j < base.size(); ++j) {
      const long double moved = (above[j] - below[j]) / (2 * h) + kAlpha * control[j];
      EXPECT_NEAR(static_cast<double>(moved), static_cast<double>(target[j] - base[j]), 1e-10);
    }
  }
}

void as_drawn(Network<double>&) {}

TEST(DfcSsa, ControlSolvesLemmaOneWithAJacobianByFiniteDifferences) {
  expect_lemma_one(3, Activation::tanh, as_drawn);
}
TEST(DfcSsa, ControlOfAWideOutputSolvesLemmaOneAFewSamplesAtATime) {
  expect_lemma_one(120, Activation::tanh, as_drawn);
}
TEST(DfcSsa, ControlOfAWideLinearOutputSolvesLemmaOneThroughTheLayerBelow) {
  // the identity, a diagonal, any matrix
  expect_lemma_one(120, Activation::linear, as_drawn);
  expect_lemma_one(120, Activation::linear, [](Network<double>& network) {
    for (std::size_t j = 0; j < 120; ++j)
      network.weights("feedback", 3).set(j, j, 0.5 + 0.01 * static_cast<double>(j));
  });
  expect_lemma_one(120, Activation::linear, [](Network<double>& network) {
    std::mt19937_64 generator(5);
    std::normal_distribution<double> normal(0, 0.05);
    auto& q = network.weights("feedback", 3);
    for (std::size_t j = 0; j < 120; ++j) {
      for (std::size_t k = 0; k < 120; ++k) q.set(j, k, q.get(j, k) + normal(generator));
    }
  });
}
TEST(DfcSsa, ControlSolvesLemmaOneThroughAWideLayerBelow) {
  expect_lemma_one(120, Activation::linear, as_drawn, 60);
  // so strong that products alone do not lead there soon
  expect_lemma_one(
      120, Activation::linear,
      [](Network<double>& network) {
        auto& q = network.weights("feedback", 2);
        for (std::size_t j = 0; j < q.n_out(); ++j) {
          for (std::size_t k = 0; k < q.n_in(); ++k) q.set(j, k, 100 * q.get(j, k));
        }
      },
      90);
}
TEST(DfcSsa, ControlOfAWideLinearOutputIsFoundWhereItsOwnFeedbackCancelsTheLeak) {
  expect_lemma_one(120, Activation::linear, [](Network<double>& network) {
    for (const std::size_t j : {4, 50, 119}) network.weights("feedback", 3).set(j, j, -kAlpha);
  });
}
TEST(DfcSsa, OfAWideLinearOutputFollowsTheWeights) {
  const Toy toy = make_toy({.units = {5, 7, 60}, .batch = 4});
  Bench<double> moved(toy, "dfc-ssa"), fresh(toy, "dfc-ssa");
  const Change before = moved.run("dfc-ssa");
  for (auto* bench : {&moved, &fresh}) bench->network().weights(2).set(3, 4, 9);
  const Change after = moved.run("dfc-ssa");
  EXPECT_EQ(after.W, fresh.run("dfc-ssa").W);
  EXPECT_GT(deviation(after, before), 1e-3);
}
TEST(DfcSsa, OfAWideLinearOutputHasTheSameBitsForAnyNumberOfThreads) {
  const Toy toy = make_toy({.units = {5, 7, 60}, .batch = 70});
  const Change alone = Bench<double>(toy, "dfc-ssa").run("dfc-ssa");
  for (const unsigned threads : {2, 5}) {
    Pool pool(threads);
    Bench<double> bench(toy, "dfc-ssa", {}, pool);
    EXPECT_EQ(bench.run("dfc-ssa").W, alone.W) << threads;
    EXPECT_EQ(bench.run("dfc-ssa").W, alone.W) << threads;
  }
}
TEST(DfcSsa, OfAWideLinearOutputIsAlmostAsExactInSinglePrecision) {
  const Toy toy = make_toy(
      {.units = {30, 70, 20, 60, 200}, .loss = Loss::mean_squared_error, .batch = 20, .regression = true});
  for (const char* feedback : {"fixed", "learned"}) {
    const Overrides settings = {{"feedback", feedback}, {"alpha", 0.04}, {"target_step", 0.02}};
    Bench<double> exact(toy, "dfc-ssa", {{"feedback", feedback}});
    Bench<float> rounded(toy, "dfc-ssa", {{"feedback", feedback}});
    EXPECT_LT(deviation(rounded.run("dfc-ssa", settings), exact.run("dfc-ssa", settings)), 1e-5) << feedback;
  }
}

TEST(DfcSsa, SweepIsOneNonlinearPassWithThatControl) {
  const Toy toy = make_toy({.units = {5, 7, 6, 3}, .batch = 17});
  Bench<double> bench(toy, "dfc-ssa");
  Watching watching(toy);
  watching.expect_solved();
  bench.minibatch().set_observer(&watching);
  const Change change = bench.run("dfc-ssa", {{"target_step", 2.0}});
  const Naive<double> naive(toy, bench.network());
  Change expected = naive.zero_change();
  for (std::size_t sample = 0; sample < toy.batch; ++sample) {
    const auto& state = watching.of(sample).back();
    auto r = naive.forward(sample).r[0];
    for (std::size_t i = 1; i <= naive.L(); ++i) {
      const auto v_ff = naive.basal(i, r), push = naive.apical(i, state.u);
      auto v = v_ff;
      for (std::size_t j = 0; j < v.size(); ++j) {
        v[j] += push[j];
        EXPECT_NEAR(state.v[i][j], v[j], 1e-13);
      }
      naive.add_outer(expected, i, 2.0 / static_cast<double>(toy.batch), naive.mismatch(i, state), r);
      r = naive.rates(i, v);
    }
  }
  EXPECT_LT(deviation(change, expected), 1e-11);
}

TEST(DfcSsa, OfAWideOutputIsSolvedInGroupsThatChangeNothing) {
  // 40 outputs: the rows of J Q are formed for a few samples at a time
  const Toy toy = make_toy({.units = {6, 20, 40}, .batch = 16});
  Bench<double> all(toy, "dfc-ssa");
  const Change together = all.run("dfc-ssa", {{"target_step", 16.0}});
  Change sum = Naive<double>(toy, all.network()).zero_change();
  for (std::size_t sample = 0; sample < toy.batch; ++sample) {
    Toy one = toy;
    one.batch = 1;
    one.x.assign(toy.x.begin() + static_cast<std::ptrdiff_t>(sample * 6),
                 toy.x.begin() + static_cast<std::ptrdiff_t>(sample * 6 + 6));
    one.labels = {toy.labels[sample]};
    const Change alone = Bench<double>(one, "dfc-ssa").run("dfc-ssa", {{"target_step", 1.0}});
    for (std::size_t i = 0; i < sum.W.size(); ++i) {
      for (std::size_t k = 0; k < sum.W[i].size(); ++k) sum.W[i][k] += alone.W[i][k] / 16;
      for (std::size_t k = 0; k < sum.b[i].size(); ++k) sum.b[i][k] += alone.b[i][k] / 16;
    }
  }
  EXPECT_LT(deviation(together, sum), 1e-12);
}

// Q = Jᵀ and a strong leak: u → δ/α, so that v − v_ff = Q u is backprop's δ over α.
TEST(DfcSsa, FollowsBackpropWhereFeedbackIsTheTransposedJacobianAndTheLeakIsStrong) {
  const Toy toy = make_toy({.batch = 1});
  Bench<double> bench(toy, "dfc-ssa");
  const Naive<double> naive(toy, bench.network());
  const auto minus = naive.forward(0);
  // J_iᵀ, downwards from the output
  std::vector<double> transposed(toy.outputs() * toy.outputs());
  for (std::size_t j = 0; j < toy.outputs(); ++j) transposed[j * toy.outputs() + j] = 1;
  for (std::size_t i = naive.L(); i >= 1; --i) {
    const std::size_t n = toy.spec.units[i];
    if (i < naive.L()) {
      std::vector<double> next(n * toy.outputs());
      for (std::size_t j = 0; j < n; ++j) {
        for (std::size_t m = 0; m < toy.spec.units[i + 1]; ++m) {
          for (std::size_t k = 0; k < toy.outputs(); ++k)
            next[j * toy.outputs() + k] += naive.W[i + 1][m * n + j] * transposed[m * toy.outputs() + k];
        }
      }
      transposed = next;
    }
    for (std::size_t j = 0; j < n; ++j) {
      for (std::size_t k = 0; k < toy.outputs(); ++k)
        transposed[j * toy.outputs() + k] *= naive_slope(toy.spec.activation_of(i), minus.v[i][j]);
    }
    bench.network().weights("feedback", i).set_values(transposed);
  }
  const Change backprop = bench.run("backprop");
  Numbers leaks, deviations;
  for (const double leak : {100.0, 300.0, 1000.0, 3000.0}) {
    Change change =
        bench.run("dfc-ssa", {{"plasticity", "voltages"}, {"alpha", leak}, {"target_step", 1e-4}});
    for (auto* list : {&change.W, &change.b}) {
      for (Numbers& values : *list) {
        for (double& value : values) value *= leak / 1e-4 / 2;
      }
    }
    leaks.push_back(leak);
    deviations.push_back(deviation(change, backprop));
  }
  EXPECT_LT(deviations.back(), 1e-2);
  EXPECT_NEAR(log_slope(leaks, deviations), -1, 0.1);
}

TEST(DfcSsaByHand, TwoThreeTwo) {
  const Toy toy = worked_example();
  Bench<double> bench(toy, "dfc-ssa");
  set_worked_weights(bench.network());
  bench.network().weights("feedback", 1).set_values(Numbers{1, 0, 0, 1, 1, 0});  // W2ᵀ
  bench.network().weights("feedback", 2).set_values(Numbers{1, 0, 0, 1});
  const Change change = bench.run("dfc-ssa", {{"target_step", 1.0}, {"alpha", 1.0}});
  // J1 Q1 = W2 diag(1, 1, 0) W2ᵀ = I, J2 Q2 = I: (J Q + α I) = 3 I;  u = −∂ℒ/∂r2 / 3 = (−1/3, 1/3)
  // Q1 u = (−1/3, 1/3, −1/3): v1 = (2/3, 7/3, −4/3), r1 = (2/3, 7/3, 0), φ(v1) − φ(v1_ff) = (−1/3, 1/3, 0)
  // ΔW1 = 2 (−1/3, 1/3, 0) xᵀ;  ΔW2 = 2 u r1ᵀ
  EXPECT_THAT(change.W[0], Pointwise(DoubleNear(1e-14), Numbers{-2. / 3, -4. / 3, 2. / 3, 4. / 3, 0, 0}));
  EXPECT_THAT(change.W[1], Pointwise(DoubleNear(1e-14), Numbers{-4. / 9, -14. / 9, 0, 4. / 9, 14. / 9, 0}));
}

}  // namespace
}  // namespace apical
