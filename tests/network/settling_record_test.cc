// What the record says of every sample's settling, against plain loops in absolute numbers.
#include <gtest/gtest.h>

#include "network/naive.h"

namespace apical {
namespace {

using LongNaive = Naive<long double>;

struct Outcome {
  double residual = 0, error = 0, first_error = 0, overshoot = 0;
  std::int64_t time = 0;
};

// ‖r_L − (r* − leak u)‖ / ‖r_L⁻‖ and ‖r* − r_L‖ at the last state; the state from which on the residual stays
// below 1e-5.
Outcome outcome_of(const LongNaive& naive, std::size_t sample, long double nudge,
                   const LongNaive::Dynamics& d) {
  const auto target = naive.nudged(sample, nudge);
  const auto minus = naive.forward(sample).r.back();
  const long double leak = d.leak_on_control ? d.alpha : d.alpha / (1 + d.alpha * d.k_p);
  const auto norm = [](const LongNaive::Vector& v) {
    long double sum = 0;
    for (const long double x : v) sum += x * x;
    return std::sqrt(sum);
  };
  Outcome outcome;
  std::int64_t t = 0, last_unsettled = 0;
  for (const auto& state : naive.settle(sample, target, d)) {
    LongNaive::Vector e(target.size()), r(target.size());
    for (std::size_t j = 0; j < e.size(); ++j) {
      e[j] = target[j] - state.r.back()[j];
      r[j] = e[j] - leak * state.u[j];
    }
    long double advance = 0, way = 0;
    for (std::size_t j = 0; j < e.size(); ++j) {
      advance += (state.r.back()[j] - minus[j]) * (target[j] - minus[j]);
      way += (target[j] - minus[j]) * (target[j] - minus[j]);
    }
    outcome.overshoot = std::max(outcome.overshoot, static_cast<double>(advance / way - 1));
    outcome.error = static_cast<double>(norm(e));
    outcome.residual = static_cast<double>(norm(r) / norm(minus));
    if (t == 0) outcome.first_error = outcome.error;
    if (!(outcome.residual < 1e-5)) last_unsettled = t;
    ++t;
  }
  outcome.time = std::min<std::int64_t>(last_unsettled + 1, d.steps);
  return outcome;
}

void expect_record_of(Activation output, const char* reading, std::int64_t steps) {
  const Toy toy =
      make_toy({.units = {5, 8, 6, 3}, .output = output, .loss = Loss::half_squared_error, .batch = 18});
  const Overrides settings = {{"feedback", "fixed"}, {"reading", reading}, {"alpha", 0.1},
                              {"k_p", 1.0},          {"dt", 0.02},         {"tau_v", 0.1},
                              {"steps", steps},      {"target_step", 0.5}};
  Bench<double> bench(toy, "dfc-ss", settings);
  bench.run("dfc-ss", settings);
  const LongNaive naive(toy, bench.network());
  const bool code = std::string(reading) == "code";
  const LongNaive::Dynamics dynamics{.k_p = 1,
                                     .alpha = 0.1,
                                     .dt = 0.02,
                                     .tau_v = 0.1,
                                     .leak_on_control = code,
                                     .steps = static_cast<int>(steps)};
  std::size_t converged = 0;
  for (std::size_t sample = 0; sample < toy.batch; ++sample) {
    const Outcome expected = outcome_of(naive, sample, code ? 0.5L / 18 : 0.5L, dynamics);
    const Settled& settled = bench.minibatch().state().settled[sample];
    const std::string where = to_string(output) + " " + reading + " T=" + std::to_string(steps) + " sample " +
                              std::to_string(sample);
    EXPECT_NEAR(settled.residual, expected.residual, 1e-12 + 1e-8 * expected.residual) << where;
    EXPECT_NEAR(settled.error, expected.error, 1e-12) << where;
    EXPECT_EQ(settled.time, expected.time) << where;
    EXPECT_NEAR(settled.overshoot, expected.overshoot, 1e-9) << where;
    EXPECT_EQ(settled.converged, expected.residual < 1e-5 && expected.error < 0.25 * expected.first_error)
        << where;
    EXPECT_EQ(settled.diverged, expected.residual > 1) << where;
    converged += settled.converged;
  }
  // both answers are tested
  if (steps > 1000) {
    EXPECT_GT(converged, 12u);
  } else {
    EXPECT_EQ(converged, 0u);
  }
}

TEST(SettlingRecord, EqualsPlainLoopsForEveryOutputActivation) {
  for (const Activation output :
       {Activation::linear, Activation::tanh, Activation::sigmoid, Activation::softplus}) {
    for (const char* reading : {"code", "paper"}) {
      expect_record_of(output, reading, 20);
      expect_record_of(output, reading, 2500);
    }
  }
}

// Integral control of a slow soma swings beyond the target.
TEST(SettlingRecord, KnowsHowFarTheOutputWentBeyondItsTarget) {
  const Toy toy = make_toy({.units = {5, 8, 6, 3}, .loss = Loss::half_squared_error, .batch = 18});
  const Overrides settings = {{"feedback", "fixed"}, {"alpha", 0.01}, {"k_p", 0.0},
                              {"dt", 0.02},          {"tau_v", 1.0},  {"steps", std::int64_t{600}},
                              {"target_step", 0.5}};
  Bench<double> bench(toy, "dfc-ss", settings);
  bench.run("dfc-ss", settings);
  const LongNaive naive(toy, bench.network());
  const LongNaive::Dynamics dynamics{
      .k_p = 0, .alpha = 0.01, .dt = 0.02, .tau_v = 1, .leak_on_control = true, .steps = 600};
  for (std::size_t sample = 0; sample < toy.batch; ++sample) {
    const double overshoot = bench.minibatch().state().settled[sample].overshoot;
    EXPECT_NEAR(overshoot, outcome_of(naive, sample, 0.5L / 18, dynamics).overshoot, 1e-9) << sample;
    EXPECT_GT(overshoot, 0.1) << sample;
  }
}

TEST(SettlingRecord, IsThereWhereSomethingSettledAndOnlyThere) {
  const Toy toy = make_toy({.batch = 18});
  Bench<float> bench(toy, "dfc-ssa");
  bench.run("dfc-ssa", {}, kSleep);
  EXPECT_TRUE(bench.minibatch().state().has_settled);
  bench.run("backprop");
  EXPECT_FALSE(bench.minibatch().state().has_settled);
}

}  // namespace
}  // namespace apical
