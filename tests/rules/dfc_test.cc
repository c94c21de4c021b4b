// Deep Feedback Control that learns at every moment: its trajectory and update against plain loops.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/dynamics_case.h"
#include "rules/trajectory.h"
#include "rules/worked_example.h"

namespace apical {
namespace {

using ::testing::DoubleNear;
using ::testing::Pointwise;

using LongNaive = Naive<long double>;

using Case = DynamicsCase;

constexpr double kStep = 0.6;
constexpr std::int64_t kStates = 37;  // four rings of eight, and a rest

Overrides overrides_of(const Case& c) { return apical::overrides_of(c, kStates, kStep); }
LongNaive::Dynamics dynamics_of(const Case& c) { return apical::dynamics_of(c, kStates); }
long double nudge_of(const Case& c, std::size_t batch) { return apical::nudge_of(c, kStep, batch); }

// The postsynaptic factor of each plasticity, from one state in absolute numbers.
template <class R>
std::vector<R> factor_of(const Case& c, const Naive<R>& naive, std::size_t i,
                         const typename Naive<R>::State& s, const typename Naive<R>::Point& minus) {
  const std::string plasticity = c.plasticity;
  if (plasticity == "rates") return naive.mismatch(i, s);
  std::vector<R> difference(s.v[i].size());
  for (std::size_t j = 0; j < difference.size(); ++j) {
    const R slope =
        plasticity == "voltages" ? R(1) : naive_slope(naive.toy.spec.activation_of(i), minus.v[i][j]);
    difference[j] = slope * (s.v[i][j] - s.v_ff[i][j]);
  }
  return difference;
}

class Dfc : public ::testing::TestWithParam<Case> {
 protected:
  // 18 samples: a tile and a tail of two
  Toy toy_ = make_toy({.units = {5, 7, 6, 3}, .batch = 18});
  Bench<double> bench_{toy_, "dfc"};
};

TEST_P(Dfc, TrajectoryEqualsPlainLoopsInAbsoluteNumbers) {
  Watching watching(toy_);
  bench_.minibatch().set_observer(&watching);
  bench_.run("dfc", overrides_of(GetParam()));
  const LongNaive naive(toy_, bench_.network());
  for (const std::size_t sample : {std::size_t{0}, std::size_t{15}, std::size_t{17}}) {
    const auto states =
        naive.settle(sample, naive.nudged(sample, nudge_of(GetParam(), toy_.batch)), dynamics_of(GetParam()));
    ASSERT_EQ(watching.of(sample).size(), states.size());
    for (std::size_t t = 0; t < states.size(); ++t) {
      const auto& ours = watching.of(sample)[t];
      for (std::size_t i = 1; i <= toy_.spec.depth(); ++i) {
        for (std::size_t j = 0; j < toy_.spec.units[i]; ++j) {
          ASSERT_NEAR(ours.v[i][j], static_cast<double>(states[t].v[i][j]), 1e-13)
              << "state " << t << " layer " << i;
          ASSERT_NEAR(ours.v_ff[i][j], static_cast<double>(states[t].v_ff[i][j]), 1e-13)
              << "state " << t << " layer " << i;
          ASSERT_NEAR(ours.v_fb[i][j], static_cast<double>(states[t].v_fb[i][j]), 1e-13)
              << "state " << t << " layer " << i;
          ASSERT_NEAR(ours.r[i][j], static_cast<double>(states[t].r[i][j]), 1e-13)
              << "state " << t << " layer " << i;
        }
      }
      for (std::size_t j = 0; j < toy_.outputs(); ++j)
        ASSERT_NEAR(ours.u[j], static_cast<double>(states[t].u[j]), 1e-13);
    }
  }
}

TEST_P(Dfc, UpdateIsTheMeanOfOuterProductsOverItsTrajectory) {
  Watching watching(toy_);
  bench_.minibatch().set_observer(&watching);
  const Change change = bench_.run("dfc", overrides_of(GetParam()));
  const Naive<double> naive(toy_, bench_.network());
  Change mean = naive.zero_change();
  const double c = std::string(GetParam().reading) == "code" ? 2 : 1;
  for (std::size_t sample = 0; sample < toy_.batch; ++sample) {
    const auto minus = naive.forward(sample);
    ASSERT_EQ(watching.of(sample).size(), kStates);
    for (const auto& state : watching.of(sample)) {
      for (std::size_t i = 1; i <= toy_.spec.depth(); ++i) {
        naive.add_outer(mean, i, c / static_cast<double>(kStates) / static_cast<double>(toy_.batch),
                        factor_of(GetParam(), naive, i, state, minus), state.r[i - 1]);
      }
    }
  }
  // the observer's absolute voltages carry 1e-16, their differences here 1e-12 of themselves
  EXPECT_LT(deviation(change, mean), 1e-11);
}

TEST_P(Dfc, UpdateEqualsPlainLoopsInAbsoluteNumbers) {
  const Change change = bench_.run("dfc", overrides_of(GetParam()));
  const LongNaive naive(toy_, bench_.network());
  Change mean = naive.zero_change();
  const long double c = std::string(GetParam().reading) == "code" ? 2 : 1;
  for (std::size_t sample = 0; sample < toy_.batch; ++sample) {
    const auto minus = naive.forward(sample);
    for (const auto& state : naive.settle(sample, naive.nudged(sample, nudge_of(GetParam(), toy_.batch)),
                                          dynamics_of(GetParam()))) {
      for (std::size_t i = 1; i <= toy_.spec.depth(); ++i) {
        naive.add_outer(mean, i, c / static_cast<long double>(kStates) / static_cast<long double>(toy_.batch),
                        factor_of(GetParam(), naive, i, state, minus), state.r[i - 1]);
      }
    }
  }
  EXPECT_LT(deviation(change, mean), 1e-11);
}

INSTANTIATE_TEST_SUITE_P(
    Options, Dfc,
    ::testing::Values(
        Case{.name = "code"}, Case{.name = "paper", .reading = "paper"},
        Case{.name = "delayed_transmission", .transmission = "delayed"},
        Case{.name = "paper_delayed", .reading = "paper", .transmission = "delayed"},
        Case{.name = "delayed_control", .proactive = false}, Case{.name = "integral_only", .k_p = 0},
        Case{.name = "slow_apical", .tau_a = 0.3}, Case{.name = "voltages", .plasticity = "voltages"},
        Case{.name = "linearised", .plasticity = "linearised"},
        Case{.name = "all_at_once", .transmission = "delayed", .proactive = false, .tau_a = 0.1}),
    [](const auto& one) { return std::string(one.param.name); });

// The streaming form leaves the first state out of the mean, and takes the basal voltage anew where
// transmission is delayed.
TEST(DfcStreaming, DividesByTheStatesAfterTheFirst) {
  const Toy toy = make_toy({.units = {5, 7, 6, 3}, .batch = 18});
  Bench<double> bench(toy, "dfc");
  Change stored = bench.run("dfc", overrides_of({.name = ""}));
  for (auto* list : {&stored.W, &stored.b}) {
    for (Numbers& values : *list) {
      for (double& value : values) value *= static_cast<double>(kStates) / static_cast<double>(kStates - 1);
    }
  }
  EXPECT_LT(deviation(bench.run("dfc", overrides_of({.name = "", .bookkeeping = "streaming"})), stored),
            1e-13);
}

TEST(DfcStreaming, OfDelayedTransmissionSeesTheBasalVoltageOfTheRatesBelowNow) {
  const Toy toy = make_toy({.units = {5, 7, 6, 3}, .batch = 3});
  Bench<double> bench(toy, "dfc");
  const Case streaming{.name = "", .transmission = "delayed", .bookkeeping = "streaming"};
  const Change change = bench.run("dfc", overrides_of(streaming));
  const LongNaive naive(toy, bench.network());
  Change mean = naive.zero_change();
  for (std::size_t sample = 0; sample < toy.batch; ++sample) {
    auto states =
        naive.settle(sample, naive.nudged(sample, nudge_of(streaming, toy.batch)), dynamics_of(streaming));
    for (std::size_t t = 1; t < states.size(); ++t) {
      auto& s = states[t];
      for (std::size_t i = 1; i <= toy.spec.depth(); ++i) {
        const auto renewed = naive.basal(i, s.r[i - 1]);
        for (std::size_t j = 0; j < renewed.size(); ++j) s.v[i][j] += renewed[j] - s.v_ff[i][j];
        s.v_ff[i] = renewed;
        naive.add_outer(mean, i, 2.0L / (kStates - 1) / static_cast<long double>(toy.batch),
                        naive.mismatch(i, s), s.r[i - 1]);
      }
    }
  }
  EXPECT_LT(deviation(change, mean), 1e-11);
}

TEST(Dfc, PlasticityVariantsAgreeToFirstOrderInTheNudge) {
  const Toy toy = make_toy({});
  Bench<double> bench(toy, "dfc");
  Numbers nudges, differences;
  for (const double nudge : {0.01, 0.02, 0.04, 0.07, 0.1}) {
    Overrides rates = overrides_of({.name = ""}),
              linearised = overrides_of({.name = "", .plasticity = "linearised"});
    rates.emplace_back("target_step", nudge), linearised.emplace_back("target_step", nudge);
    nudges.push_back(nudge);
    differences.push_back(deviation(bench.run("dfc", linearised), bench.run("dfc", rates)));
  }
  EXPECT_NEAR(log_slope(nudges, differences), 1, 0.1);
  EXPECT_LT(differences.front(), 1e-2);
}

TEST(Dfc, PlasticityVariantsAreOneInALinearNetwork) {
  const Toy toy = make_toy({.hidden = Activation::linear});
  Bench<double> bench(toy, "dfc");
  const Change rates = bench.run("dfc", overrides_of({.name = ""}));
  EXPECT_LT(deviation(bench.run("dfc", overrides_of({.name = "", .plasticity = "linearised"})), rates),
            1e-12);
  EXPECT_LT(deviation(bench.run("dfc", overrides_of({.name = "", .plasticity = "voltages"})), rates), 1e-12);
}

TEST(DfcByHand, OneEulerStepOfTwoThreeTwo) {
  const Toy toy = worked_example();
  Bench<double> bench(toy, "dfc");
  set_worked_weights(bench.network());
  bench.network().weights("feedback", 1).set_values(Numbers{1, 0, 0, 1, 1, 0});  // W2ᵀ
  bench.network().weights("feedback", 2).set_values(Numbers{1, 0, 0, 1});
  const Change change = bench.run("dfc", {{"target_step", 1.0},
                                          {"steps", std::int64_t{2}},
                                          {"k_p", 2.0},
                                          {"dt", 0.1},
                                          {"tau_v", 0.2},
                                          {"alpha", 0.5},
                                          {"include_non_converged", true}});
  // e = −∂ℒ/∂r2 = (−1, 1);  u_int = 0.1 e;  u = 0.1 e + 2 e = (−2.1, 2.1)
  // layer 1: v moves by ½ Q1 u = (−1.05, 1.05, −1.05) to (−0.05, 3.05, −2.05);  r1 = (0, 3.05, 0);  φ(v) −
  // φ(v_ff) = (−1, 1.05, 0) layer 2: v_ff moves by W2 (−1, 1.05, 0) = (−1, 1.05);  v by ½ ((−1, 1.05) + u) =
  // (−1.55, 1.575);  v − v_ff = (−0.55, 0.525) ΔW = 2 · ½ Σ_t: state 0 is zero, the mean runs over T = 2
  // states
  EXPECT_THAT(change.W[0], Pointwise(DoubleNear(1e-14), Numbers{-1, -2, 1.05, 2.1, 0, 0}));
  EXPECT_THAT(change.W[1], Pointwise(DoubleNear(1e-14), Numbers{0, -0.55 * 3.05, 0, 0, 0.525 * 3.05, 0}));
}

// Q = Jᵀ, a strong leak and a weak nudge: the control is the output error itself, and DFC is backprop's
// direction.
TEST(Dfc, FollowsBackpropWhereFeedbackIsTheTransposedPathAndTheLeakIsStrong) {
  const Toy toy = make_toy({.hidden = Activation::linear, .loss = Loss::half_squared_error, .batch = 5});
  const Overrides fixed = {{"feedback", "fixed"}};
  Bench<double> bench(toy, "dfc", fixed);
  const Change backprop = bench.run("backprop");
  Numbers leaks, angles;
  for (const double leak : {20.0, 50.0, 100.0, 200.0}) {
    const Change dfc = bench.run("dfc", {{"feedback", "fixed"},
                                         {"alpha", leak},
                                         {"target_step", 1e-6},
                                         {"k_p", 0.0},
                                         {"dt", 0.002},
                                         {"tau_v", 0.01},
                                         {"steps", std::int64_t{1500}},
                                         {"include_non_converged", true}});
    leaks.push_back(leak);
    angles.push_back(angle(dfc.W[0], backprop.W[0]));
  }
  EXPECT_LT(angles.back(), 1);
  EXPECT_NEAR(log_slope(leaks, angles), -1, 0.15);
}

}  // namespace
}  // namespace apical
