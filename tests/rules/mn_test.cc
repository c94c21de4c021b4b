// The minimum-norm update by hand, by what makes it smallest, and in its limits.
#include <gtest/gtest.h>

#include "network/naive.h"
#include "probes/jacobian.h"
#include "rules/two_linear_units.h"

namespace apical {
namespace {

// One linear unit upon another: v_2 = b (a x), J = (b, 1), Δv = (b, 1) δ/(b² + 1).
TEST(MinimumNormByHand, SharesTheStepOfTwoLinearUnits) {
  Toy toy = two_linear_units();
  Bench<double> bench(toy);
  bench.network().weights(1).set_values(Numbers{0.5});
  bench.network().weights(2).set_values(Numbers{3});
  // r_L = 3, δ = 0.5 · 7
  const Change change = bench.run("mn", {{"target_step", 0.5}});
  EXPECT_NEAR(change.W[0][0], 3 * 3.5 / 10 * 2, 1e-13);
  EXPECT_NEAR(change.W[1][0], 3.5 / 10 * 1, 1e-13);
  const Change damped = bench.run("mn", {{"target_step", 0.5}, {"damping", 4.0}});
  EXPECT_NEAR(damped.W[0][0], 3 * 3.5 / 14 * 2, 1e-13);
}

// The pushes of one sample, which are the changes of its biases.
Numbers pushes(const Change& change) {
  Numbers all;
  for (const Numbers& one : change.b) all.insert(all.end(), one.begin(), one.end());
  return all;
}

TEST(MinimumNorm, PushesReachTheTargetOfALinearNetworkExactly) {
  const Toy toy = make_toy({.units = {5, 7, 6, 3}, .hidden = Activation::linear, .batch = 1});
  Bench<double> bench(toy);
  const Change change = bench.run("mn", {{"target_step", 0.4}});
  const Naive<long double> naive(toy, bench.network());
  auto r = naive.forward(0).r[0];
  for (std::size_t i = 1; i <= 3; ++i) {
    r = naive.basal(i, r);
    for (std::size_t j = 0; j < r.size(); ++j) r[j] += change.b[i - 1][j];
  }
  const auto target = naive.nudged(0, 0.4L);
  for (std::size_t j = 0; j < r.size(); ++j) EXPECT_NEAR(static_cast<double>(r[j] - target[j]), 0, 1e-13);
}

// Condition 2: the columns of Q span the rows of J. Then control without leak is the minimum norm, whatever Q is otherwise; else it reaches the
// same target at a higher price.
TEST(MinimumNorm, IsWhatControlThroughTheRowSpaceOfTheJacobianDoes) {
  const Toy toy = make_toy({.units = {5, 7, 6, 3}, .batch = 1});
  const Overrides common = {{"reading", "paper"}, {"target_step", 1e-4}};
  Overrides control = common;
  control.insert(control.end(), {{"alpha", 0.0}, {"plasticity", "voltages"}});
  Bench<double> bench(toy, "dfc-ssa");
  const Change smallest = bench.run("mn", common);
  const Change random = bench.run("dfc-ssa", control);
  EXPECT_GT(length(pushes(random)), 1.05 * length(pushes(smallest)));

  const OutputJacobian j = output_jacobian(bench.network(), bench.minibatch().state());
  std::size_t first = 0;
  for (std::size_t i = 1; i <= 3; ++i) {
    const double mix[3][3] = {{2, 1, 0}, {-1, 1, 0.5}, {0.3, 0, 1}};
    Numbers q(toy.spec.units[i] * 3);
    for (std::size_t unit = 0; unit < toy.spec.units[i]; ++unit) {
      for (std::size_t c = 0; c < 3; ++c) {
        for (std::size_t o = 0; o < 3; ++o) q[unit * 3 + c] += j.at(0, o, first + unit) * mix[o][c];
      }
    }
    bench.network().weights("feedback", i).set_values(q);
    first += toy.spec.units[i];
  }
  EXPECT_LT(deviation(pushes(bench.run("dfc-ssa", control)), pushes(smallest)), 1e-10);
  // the analytic rule multiplies by controlled rates, this one by those of the feedforward pass: equal for weak nudges
  EXPECT_LT(deviation(bench.run("dfc-ssa", control), smallest), 1e-3);
}

TEST(MinimumNorm, UnderStrongDampingIsBackprop) {
  const Toy toy = make_toy({.batch = 5});
  Bench<double> bench(toy);
  const double damping = 1e6;
  const Change change = bench.run("mn", {{"target_step", 0.5}, {"damping", damping}});
  // Δv = Jᵀ δ/γ, and backprop's δ_i carries the same Jᵀ
  EXPECT_LT(deviation(scaled(change, damping / 0.5), bench.run("backprop")), 1e-5);
  EXPECT_GT(
      deviation(scaled(bench.run("mn", {{"target_step", 0.5}, {"damping", 1.0}}), 2), bench.run("backprop")),
      0.1);
}

TEST(MinimumNorm, NonlinearFormApproachesTheLinearOneTimesTheSlopeWithTheStep) {
  const Toy toy = make_toy({.hidden = Activation::tanh, .batch = 1});
  Bench<double> bench(toy);
  Numbers steps, deviations;
  for (const double step : {0.01, 0.02, 0.04}) {
    Change linear = bench.run("mn", {{"target_step", step}});
    const Change nonlinear = bench.run("mn", {{"target_step", step}, {"form", "nonlinear"}});
    const Naive<double> naive(toy, bench.network());
    const auto point = naive.forward(0);
    for (std::size_t i = 1; i <= 3; ++i) {
      for (std::size_t j = 0; j < toy.spec.units[i]; ++j)
        linear.b[i - 1][j] *= naive_slope(toy.spec.activation_of(i), point.v[i][j]);
    }
    steps.push_back(step);
    deviations.push_back(deviation(pushes(nonlinear), pushes(linear)));
  }
  EXPECT_NEAR(log_slope(steps, deviations), 1, 0.05);
}

// In the authors' code the step is that of the mean loss, and the nonlinear form is taken on the far side: the difference is of second order.
TEST(MinimumNorm, OfTheAuthorsCodeDiffersInTheStepAndInTheSideOfTheNonlinearForm) {
  const Toy toy = make_toy({.batch = 4});
  Bench<double> bench(toy);
  const auto code = [&](const char* form, double step) {
    return bench.run("mn", {{"reading", "code"}, {"form", form}, {"target_step", step}});
  };
  const auto paper = [&](const char* form, double step) {
    return bench.run("mn", {{"reading", "paper"}, {"form", form}, {"target_step", step}});
  };
  EXPECT_LT(deviation(code("linear", 0.8), paper("linear", 0.2)), 1e-13);
  Numbers steps, deviations;
  for (const double step : {0.01, 0.02, 0.04}) {
    steps.push_back(step);
    deviations.push_back(deviation(code("nonlinear", 4 * step), paper("nonlinear", step)));
  }
  EXPECT_NEAR(log_slope(steps, deviations), 1, 0.05);
  // the other side, by definition
  const Change far = code("nonlinear", 0.8);
  const Change near = bench.run("mn", {{"reading", "paper"}, {"form", "nonlinear"}, {"target_step", 0.2}});
  EXPECT_GT(deviation(far, near), 1e-3);
}

TEST(MinimumNorm, InSinglePrecisionStaysCloseToDouble) {
  const Toy toy = make_toy({.units = {9, 40, 17, 5}, .batch = 20});
  for (const char* rule : {"mn", "gn"}) {
    Bench<double> twice(toy);
    Bench<float> single(toy);
    EXPECT_LT(deviation(single.run(rule), twice.run(rule)), 1e-5) << rule;
  }
}

}  // namespace
}  // namespace apical
