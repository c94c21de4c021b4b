// The Gauss-Newton update by hand, by what its step does to the outputs, and beside the minimum norm.
#include <gtest/gtest.h>

#include "network/naive.h"
#include "rules/two_linear_units.h"

namespace apical {
namespace {

const Overrides kUndamped = {{"damping", 0.0}};

Overrides with(Overrides settings, const Overrides& more) {
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

// v_2 = b (a x): J_W = (b x, a x), ΔW = J_W δ/‖J_W‖².
TEST(GaussNewtonByHand, SharesTheStepOfTwoLinearUnits) {
  Toy toy = two_linear_units();
  Bench<double> bench(toy);
  bench.network().weights(1).set_values(Numbers{0.5});
  bench.network().weights(2).set_values(Numbers{3});
  const Change change = bench.run("gn", with(kUndamped, {{"target_step", 0.5}}));
  EXPECT_NEAR(change.W[0][0], 6 * 3.5 / 37, 1e-13);
  EXPECT_NEAR(change.W[1][0], 1 * 3.5 / 37, 1e-13);
  const Change damped = bench.run("gn", {{"target_step", 0.5}, {"damping", 3.0}});
  EXPECT_NEAR(damped.W[0][0], 6 * 3.5 / 40, 1e-13);
}

// How far the outputs of all samples move, as a share of the way to their targets, and how far past or beside.
double missed(Bench<double>& bench, const Change& change, double step) {
  const Toy& toy = bench.toy();
  const Naive<long double> before(toy, bench.network());
  Naive<long double> after = before;
  for (std::size_t i = 1; i <= 3; ++i) {
    for (std::size_t k = 0; k < after.W[i].size(); ++k) after.W[i][k] += change.W[i - 1][k];
    for (std::size_t k = 0; k < after.b[i].size(); ++k) after.b[i][k] += change.b[i - 1][k];
  }
  Numbers moved, wanted;
  for (std::size_t sample = 0; sample < toy.batch; ++sample) {
    const auto from = before.forward(sample).r[3], to = after.forward(sample).r[3],
               target = before.nudged(sample, static_cast<long double>(step));
    for (std::size_t j = 0; j < from.size(); ++j) {
      moved.push_back(static_cast<double>(to[j] - from[j]));
      wanted.push_back(static_cast<double>(target[j] - from[j]));
    }
  }
  return deviation(moved, wanted);
}

TEST(GaussNewton, StepOfOneSampleMovesItsOutputToItsTarget) {
  const Toy toy = make_toy({.units = {5, 7, 6, 3}, .batch = 1});
  Bench<double> bench(toy);
  Numbers steps, misses;
  for (const double step : {0.001, 0.002, 0.004}) {
    steps.push_back(step);
    misses.push_back(missed(bench, bench.run("gn", with(kUndamped, {{"target_step", step}})), step));
  }
  EXPECT_NEAR(log_slope(steps, misses), 1, 0.05);
  EXPECT_LT(misses.front(), 0.01);
}

TEST(GaussNewton, StepOfAllSamplesTogetherMovesEveryOutputToItsTargetAndTheMeanOfTheirStepsDoesNot) {
  const Toy toy = make_toy({.units = {5, 7, 6, 3}, .batch = 4});
  Pool pool(1);
  Bench<double> bench(toy, "gn", {}, pool, true);
  const Overrides together = with(kUndamped, {{"samples", "together"}});
  Numbers steps, misses;
  for (const double step : {0.0005, 0.001, 0.002}) {
    steps.push_back(step);
    misses.push_back(missed(bench, bench.run("gn", with(together, {{"target_step", step}})), step));
  }
  EXPECT_NEAR(log_slope(steps, misses), 1, 0.1);
  EXPECT_LT(misses.front(), 0.05);
  EXPECT_GT(missed(bench, bench.run("gn", with(kUndamped, {{"target_step", 0.0005}})), 0.0005), 0.3);
  // with damping the two ways to solve meet
  EXPECT_LT(deviation(bench.run("gn", with(together, {{"damping", 1e-9}})), bench.run("gn", together)), 1e-4);
}

TEST(GaussNewton, OfOneSampleAloneAndTogetherAreOne) {
  const Toy toy = make_toy({.batch = 1});
  Pool pool(1);
  Bench<double> bench(toy, "gn", {}, pool, true);
  for (const double damping : {0.0, 0.3}) {
    EXPECT_LT(deviation(bench.run("gn", {{"samples", "together"}, {"damping", damping}}),
                        bench.run("gn", {{"damping", damping}})),
              1e-11)
        << damping;
  }
}

// Condition 1: where every layer's input is equally long, the smallest change of the weights is the smallest push.
TEST(GaussNewton, PointsWithTheMinimumNormWhereAllLayersAreEquallyLong) {
  const Toy toy =
      make_toy({.units = {4, 4, 4, 4}, .hidden = Activation::linear, .batch = 1, .biases = false});
  Bench<double> bench(toy);
  const auto apart = [&] {
    const Change gn = bench.run("gn", kUndamped), mn = bench.run("mn");
    Numbers a, b;
    for (std::size_t i = 0; i < 3; ++i) {
      a.insert(a.end(), gn.W[i].begin(), gn.W[i].end());
      b.insert(b.end(), mn.W[i].begin(), mn.W[i].end());
    }
    return angle(a, b);
  };
  EXPECT_GT(apart(), 1);
  // rotations and mirrors keep the length
  bench.network().weights(1).set_values(Numbers{0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0});
  bench.network().weights(2).set_values(
      Numbers{.5, .5, .5, .5, .5, -.5, .5, -.5, .5, .5, -.5, -.5, .5, -.5, -.5, .5});
  bench.network().weights(3).set_values(Numbers{.6, .8, 0, 0, -.8, .6, 0, 0, 0, 0, 1, 0, 0, 0, 0, -1});
  bench.network().refresh_transposes();
  EXPECT_LT(apart(), 1e-5);
}

TEST(GaussNewton, OfTheAuthorsCodeTakesTheStepOfTheMeanLoss) {
  const Toy toy = make_toy({.batch = 5});
  Bench<double> bench(toy);
  EXPECT_LT(deviation(bench.run("gn", {{"reading", "code"}, {"target_step", 1.0}}),
                      bench.run("gn", {{"target_step", 0.2}})),
            1e-13);
}

}  // namespace
}  // namespace apical
