// All states of a settling phase to first order in the nudge: against plain loops, against matrix powers by hand, and where the first order does not do.
#include <gtest/gtest.h>

#include <Eigen/Core>

#include "rules/solved_ways.h"
#include "rules/two_linear_units.h"

namespace apical {
namespace {

using LongNaive = Naive<long double>;
using LongMatrix = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;
using LongVector = Eigen::Matrix<long double, Eigen::Dynamic, 1>;

constexpr std::int64_t kStates = 60;
const Overrides kResponse = {{"settling", "linear-response"}};

using Case = DynamicsCase;

const std::vector<Case> kCases = {
    {.name = "code"},
    {.name = "paper", .reading = "paper"},
    {.name = "delayed transmission", .transmission = "delayed"},
    {.name = "paper, delayed", .reading = "paper", .transmission = "delayed"},
    {.name = "delayed control", .proactive = false},
    {.name = "integral only", .k_p = 0},
    {.name = "slow apical", .tau_a = 0.3},
    {.name = "all at once", .transmission = "delayed", .proactive = false, .tau_a = 0.1},
    {.name = "streaming", .bookkeeping = "streaming"},
};

// dfc-ss takes the bookkeeping, and does not heed it.
Overrides settings_of_case(const Case& c, double step) { return overrides_of(c, kStates, step); }

// The first order is all there is to a linear network's states.
void expect_to_end_where_plain_loops_end(const Toy& toy, double own_feedback = 1) {
  for (const Case& c : kCases) {
    if (c.streaming()) continue;
    Bench<double> bench(toy, "dfc-ss");
    for (std::size_t k = 0; k < toy.outputs(); ++k)
      bench.network().weights("feedback", toy.spec.depth()).set(k, k, own_feedback);
    const Change change = bench.run("dfc-ss", with(settings_of_case(c, 0.6), {{"settling", "linear-response"},
                                                                              {"settling_tolerance", 1e-9}}));
    EXPECT_EQ(count(bench, Found::solved), toy.batch) << c.name;
    const LongNaive naive(toy, bench.network());
    const long double batch = static_cast<long double>(toy.batch);
    Change mean = naive.zero_change();
    for (std::size_t sample = 0; sample < toy.batch; ++sample) {
      const auto target = naive.nudged(sample, nudge_of(c, 0.6, toy.batch));
      auto last = naive.settle(sample, target, dynamics_of(c, kStates)).back();
      for (std::size_t i = 1; i <= toy.spec.depth(); ++i) {
        if (c.code() && c.delayed()) {
          // the authors' plasticity forms the basal voltage anew
          const auto renewed = naive.basal(i, last.r[i - 1]);
          for (std::size_t j = 0; j < renewed.size(); ++j) last.v[i][j] += renewed[j] - last.v_ff[i][j];
          last.v_ff[i] = renewed;
        }
        naive.add_outer(mean, i, (c.code() ? 2 : 1) / batch, naive.mismatch(i, last), last.r[i - 1]);
      }
    }
    EXPECT_LT(deviation(change, mean), 1e-9) << c.name;
  }
}

TEST(LinearResponse, EndsWherePlainLoopsEndInALinearNetwork) {
  expect_to_end_where_plain_loops_end(
      make_toy({.units = {5, 7, 6, 3}, .hidden = Activation::linear, .batch = 18}));
}

// A wide output is moved in other coordinates.
TEST(LinearResponse, EndsWherePlainLoopsEndWithAWideOutput) {
  for (const bool biases : {true, false}) {
    const Toy toy = make_toy({.units = {5, 7, 6, 60},
                              .hidden = Activation::linear,
                              .loss = Loss::half_squared_error,
                              .batch = 18,
                              .biases = biases,
                              .regression = true});
    expect_to_end_where_plain_loops_end(toy);
    expect_to_end_where_plain_loops_end(toy, 0.7);
  }
}

// Its target may lie in what the layer below can move, all or nearly all of it.
TEST(LinearResponse, FollowsATargetThatTheLayerBelowCanReach) {
  const Toy plain =
      make_toy({.units = {5, 7, 6, 60}, .loss = Loss::half_squared_error, .batch = 4, .regression = true});
  for (const double beside : {0.0, 1e-12, 1e-3}) {
    Toy toy = plain;
    Bench<double> bench(toy, "dfc-ss");
    const LongNaive naive(toy, bench.network());
    for (std::size_t sample = 0; sample < toy.batch; ++sample) {
      const auto output = naive.forward(sample).r[3];
      for (std::size_t j = 0; j < toy.outputs(); ++j)
        toy.y[sample * toy.outputs() + j] =
            static_cast<double>(output[j]) + bench.network().weights(3).get(j, sample) + beside * plain.y[j];
    }
    const Overrides settings = settings_of_case({.name = ""}, 1e-6);
    // and one sample is there already
    bench.run("dfc-ss", settings);
    std::copy_n(bench.minibatch().state().rate[3].data(), toy.outputs(), toy.y.data());
    const Change simulated = bench.run("dfc-ss", settings);
    EXPECT_LT(deviation(bench.run("dfc-ss", with(settings, kResponse)), simulated), 1e-5) << beside;
    EXPECT_EQ(count(bench, Found::solved), toy.batch) << beside;
  }
}

// What is left out is of second order: relative to the update it falls with the nudge.
TEST(LinearResponse, DiffersFromTheSimulationBySecondOrderInTheNudge) {
  for (const char* rule : {"dfc", "dfc-ss"}) {
    const Toy toy = make_toy({.units = {5, 7, 6, 3}, .batch = 18});
    for (const Case& c : kCases) {
      if (std::string(rule) == "dfc-ss" && c.streaming()) continue;
      Bench<double> bench(toy, rule);
      Numbers nudges, differences;
      for (const double nudge : {1e-4, 1e-3, 1e-2}) {
        // the paper's nudge is not divided by the minibatch
        const double step = nudge * (c.code() ? 18 : 1);
        const Overrides settings = settings_of_case(c, step);
        const Change simulated = bench.run(rule, settings);
        const Change response =
            bench.run(rule, with(settings, {{"settling", "linear-response"}, {"settling_tolerance", 0.1}}));
        EXPECT_EQ(count(bench, Found::solved), toy.batch) << c.name;
        nudges.push_back(nudge);
        differences.push_back(deviation(response, simulated));
      }
      EXPECT_NEAR(log_slope(nudges, differences), 1, 0.1) << rule << ", " << c.name;
      EXPECT_LT(differences.front(), 1e-3) << rule << ", " << c.name;
    }
  }
}

// In other coordinates of the output, and by no more than what the tolerance leaves out.
TEST(LinearResponse, IsTheSimulationOfAWideOutputUnderATinyNudge) {
  const Toy toy = make_toy({.units = {5, 7, 6, 60}, .batch = 18});
  for (const char* rule : {"dfc", "dfc-ss"}) {
    for (const Case& c : kCases) {
      if (std::string(rule) == "dfc-ss" && c.streaming()) continue;
      Bench<double> bench(toy, rule);
      const Overrides settings = settings_of_case(c, 1e-7 * (c.code() ? 18 : 1));
      const Change simulated = bench.run(rule, settings);
      const Change response =
          bench.run(rule, with(settings, {{"settling", "linear-response"}, {"settling_tolerance", 1e-6}}));
      EXPECT_EQ(count(bench, Found::solved), toy.batch) << c.name;
      EXPECT_LT(deviation(response, simulated), 1e-6) << rule << ", " << c.name;
    }
  }
}

// Two linear units, one upon the other: x = (v_1, v_2, u_int, u), x(t+1) = M x(t) + b from the equations of the paper's step.
TEST(LinearResponse, OfTwoLinearUnitsIsASumOfMatrixPowers) {
  const Toy toy = two_linear_units();
  Bench<double> bench(toy, "dfc-ss");
  const auto weight = [&](const WeightMatrix<double>& w) { return static_cast<long double>(w.values()[0]); };
  const long double w = weight(bench.network().weights(2)),
                    q1 = weight(bench.network().weights("feedback", 1)),
                    q2 = weight(bench.network().weights("feedback", 2)), k = kDt / kTauV, k_p = 2;
  const LongNaive naive(toy, bench.network());
  const auto minus = naive.forward(0);
  const long double delta = -0.01L * naive.loss_gradient(0, minus.r[2])[0];
  // row by row: u_int and u see the output as it was, the units the new control, the second the first's new rate
  LongMatrix M(4, 4);
  LongVector b(4);
  const LongVector u_int = (LongVector(4) << 0, -kDt, 1, -kDt * kAlpha).finished();
  const LongVector u = u_int + (LongVector(4) << 0, -k_p, 0, 0).finished();
  const long double u_int_push = kDt * delta, u_push = u_int_push + k_p * delta;
  const LongVector first = k * q1 * u + (LongVector(4) << 1 - k, 0, 0, 0).finished();
  const LongVector second = k * (q2 * u + w * first) + (LongVector(4) << 0, 1 - k, 0, 0).finished();
  M << first.transpose(), second.transpose(), u_int.transpose(), u.transpose();
  b << k * q1 * u_push, k * (q2 * u_push + w * k * q1 * u_push), u_int_push, u_push;
  LongVector x = LongVector::Zero(4);
  for (std::int64_t t = 1; t < kStates; ++t) x = M * x + b;
  const Change change = bench.run("dfc-ss", with(settings_of_case({.name = ""}, 0.01), kResponse));
  // c = 2: the first unit's own input is constant, so all of v_1 is mismatch
  EXPECT_NEAR(change.W[0][0], static_cast<double>(2 * x[0] * minus.r[0][0]), 1e-9 * std::abs(change.W[0][0]));
  EXPECT_NEAR(change.W[1][0], static_cast<double>(2 * (x[1] - w * x[0]) * (minus.r[1][0] + x[0])),
              1e-9 * std::abs(change.W[1][0]));
}

// --- where the first order does not do

void expect_the_bits_of_the_simulation(const Overrides& network, const Overrides& settings) {
  const Toy toy = make_toy({.units = {5, 7, 6, 3}, .batch = 18});
  for (const char* rule : {"dfc", "dfc-ss"}) {
    Bench<double> bench(toy, rule, network);
    const Change simulated = bench.run(rule, settings), response = bench.run(rule, with(settings, kResponse));
    EXPECT_EQ(count(bench, Found::fell_back), toy.batch) << rule;
    EXPECT_GT(length(simulated), 0) << rule;
    EXPECT_EQ(response.W, simulated.W) << rule;
    EXPECT_EQ(response.b, simulated.b) << rule;
  }
}

TEST(LinearResponse, SimulatesWithTheSameBitsWhereTheNudgeIsTooLarge) {
  expect_the_bits_of_the_simulation({}, settings_of_case({.name = ""}, 18 * 0.5));
}

TEST(LinearResponse, SimulatesWithTheSameBitsWhereTheLoopIsUnstable) {
  expect_the_bits_of_the_simulation(
      {{"feedback", "fixed"}},
      with(settings_of_case({.name = ""}, 0.01), {{"k_p", 60.0}, {"steps", std::int64_t{400}}}));
}

TEST(LinearResponse, LeavesOutTheSamplesThatTheSimulationLeavesOut) {
  const Toy toy = make_toy({.units = {5, 7, 6, 3}, .batch = 18});
  for (const char* rule : {"dfc", "dfc-ss"}) {
    Bench<double> bench(toy, rule, {{"feedback", "fixed"}});
    // an end at which some outputs are near enough to their target, and others are not
    const Overrides settings =
        with(settings_of_case({.name = ""}, 18 * 2e-5), {{"feedback", "fixed"},
                                                         {"alpha", 0.01},
                                                         {"steps", std::int64_t{10}},
                                                         {"include_non_converged", false}});
    const Change simulated = bench.run(rule, settings);
    std::vector<bool> converged;
    for (const Settled& one : bench.minibatch().state().settled) converged.push_back(one.converged);
    const auto left_out = std::count(converged.begin(), converged.end(), false);
    EXPECT_GT(left_out, 0);
    EXPECT_LT(left_out, 18);
    const Change response = bench.run(rule, with(settings, kResponse));
    EXPECT_EQ(count(bench, Found::solved), toy.batch) << rule;
    for (std::size_t row = 0; row < toy.batch; ++row)
      EXPECT_EQ(bench.minibatch().state().settled[row].converged, converged[row]) << rule << " " << row;
    EXPECT_LT(deviation(response, simulated), 1e-3) << rule;
  }
}

TEST(LinearResponse, OfASampleWithNothingToLearnIsNothing) {
  Toy toy = make_toy({.units = {3, 4, 2},
                      .loss = Loss::half_squared_error,
                      .batch = 2,
                      .biases = false,
                      .regression = true});
  // the first sample's output is where it has to be, at exactly 0
  std::fill_n(toy.x.begin(), 3, 0.0);
  std::fill_n(toy.y.begin(), 2, 0.0);
  Bench<double> bench(toy, "dfc");
  const Change both = bench.run("dfc", with(settings_of_case({.name = ""}, 0.01), kResponse));
  EXPECT_EQ(count(bench, Found::solved), 2u);
  const Change simulated = bench.run("dfc", settings_of_case({.name = ""}, 0.01));
  EXPECT_GT(length(simulated), 0);
  EXPECT_LT(deviation(both, simulated), 0.01);
}

// Sixteen outputs, each with modes of its own: the first look at the directions is not the last.
TEST(LinearResponse, TakesAsManyDirectionsAsTheToleranceAsksFor) {
  const Toy toy = make_toy({.units = {9, 40, 30, 16}, .hidden = Activation::linear, .batch = 5});
  const Overrides settings =
      with(settings_of_case({.name = ""}, 0.1), {{"steps", std::int64_t{600}}, {"alpha", 0.001}});
  Bench<double> bench(toy, "dfc-ss");
  const Change simulated = bench.run("dfc-ss", settings);
  for (const double tolerance : {1.0, 1e-2, 1e-4, 1e-6}) {
    const Change response =
        bench.run("dfc-ss", with(with(settings, kResponse), {{"settling_tolerance", tolerance}}));
    EXPECT_EQ(count(bench, Found::solved), toy.batch) << tolerance;
    const double error = deviation(response, simulated);
    EXPECT_LT(error, 0.1 * tolerance);
  }
}

TEST(LinearResponse, FloatAgreesWithDouble) {
  const Toy toy = make_toy({.units = {9, 40, 33, 10}, .batch = 37});
  for (const char* rule : {"dfc", "dfc-ss"}) {
    const Overrides settings = with(settings_of_case({.name = ""}, 0.02), kResponse);
    Bench<double> exact(toy, rule);
    Bench<float> rounded(toy, rule);
    EXPECT_LT(deviation(rounded.run(rule, settings), exact.run(rule, settings)), 3e-5) << rule;
  }
}

TEST(LinearResponse, SameBitsOnAnyNumberOfThreads) {
  const Toy toy = make_toy({.units = {9, 12, 10, 4}, .batch = 50});
  for (const char* rule : {"dfc", "dfc-ss"})
    expect_same_bits_on_any_number_of_threads(toy, rule,
                                              with(settings_of_case({.name = ""}, 0.02), kResponse));
}

TEST(LinearResponse, IsRefusedWithNoiseAndForRulesThatPushFar) {
  const auto message = [](const char* rule, const Overrides& settings) {
    return refusal_of(rule, with(settings, kResponse));
  };
  EXPECT_NE(message("dfc", {{"sigma", 0.01}}).find("linear-response\" requires dynamics without noise"),
            std::string::npos);
  EXPECT_NE(message("strong-dfc", {}).find("settling"), std::string::npos);
  EXPECT_EQ(message("dfc", {}), "");
}

}  // namespace
}  // namespace apical
