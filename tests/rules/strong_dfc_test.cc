// Strong-DFC: where the clamped network settles, what its phases have in common with weak feedback, and what
// its filters let through. Its trajectories and updates are compared with the authors' in tests/parity.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/trajectory.h"

namespace apical {
namespace {

const std::vector<std::string> kFeedback = {"feedback"};
const PassContext kBoth{.pass = "wake", .group = "forward", .seed = 0, .epoch = 0, .also = kFeedback};

Overrides strong(Overrides more = {}) {
  Overrides all = {{"alpha", 0.05},
                   {"k_p", 0.5},
                   {"dt", 0.02},
                   {"tau_v", 0.1},
                   {"steps", std::int64_t{30}},
                   {"sigma", 0.3},
                   {"sigma_output", 0.2},
                   {"dt_fb", 0.02},
                   {"steps_fb", std::int64_t{30}},
                   {"tau_v_fb", 0.1}};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}
Overrides two_phases(Overrides more = {}) {
  more.insert(more.begin(), {"phases", "two"});
  return strong(more);
}

// --- the clamped output

TEST(StrongDfc, SettlesWhereTheErrorOfTheSoftmaxIsTheLeakOfTheControl) {
  const Toy toy = make_toy({.batch = 5});
  for (const char* reading : {"code", "paper"}) {
    Bench<double> bench(toy, "strong-dfc");
    Watching watching(toy);
    bench.minibatch().set_observer(&watching);
    bench.run(
        "strong-dfc",
        two_phases(
            {{"reading", reading}, {"true_class", 0.9}, {"alpha", 0.3}, {"steps", std::int64_t{6000}}}));
    const double leak = std::string(reading) == "code" ? 0.3 : 0.3 / (1 + 0.3 * 0.5);
    for (std::size_t sample = 0; sample < toy.batch; ++sample) {
      const auto& state = watching.of(sample).back();
      double total = 0;
      for (const double r : state.r.back()) total += std::exp(r);
      for (std::size_t j = 0; j < toy.outputs(); ++j) {
        const double y = static_cast<std::size_t>(toy.labels[sample]) == j ? 0.9 : 0.1 / 3;
        EXPECT_NEAR(y - std::exp(state.r.back()[j]) / total, leak * state.u[j], 1e-10) << reading;
      }
      EXPECT_LT(bench.minibatch().state().settled[sample].residual, 1e-9);
    }
  }
}

// One linear layer with Q = 1: v = w x + u with e = y − v = α u, so u = (y − w x)/(1 + α).
TEST(StrongDfcByHand, OneLinearUnitLearnsItsShareOfTheError) {
  Toy toy = make_toy(
      {.units = {2, 1}, .loss = Loss::mean_squared_error, .batch = 1, .biases = false, .regression = true});
  toy.x = {0.5, -2};
  toy.y = {3};
  Bench<double> bench(toy, "strong-dfc");
  bench.network().weights(1).set_values(Numbers{2, 1});
  const Change change = bench.run(
      "strong-dfc", two_phases({{"alpha", 0.25}, {"learning", "last"}, {"steps", std::int64_t{4000}}}));
  // w x = −1, u = 4/1.25 = 3.2; in the code's reading twice the difference at the soma
  EXPECT_NEAR(change.W[0][0], 2 * 3.2 * 0.5, 1e-10);
  EXPECT_NEAR(change.W[0][1], 2 * 3.2 * -2, 1e-10);
}

// Half squared error: r_L⁻ − 1 · (r_L⁻ − y) = y, so that weak feedback with the whole step is strong.
TEST(StrongDfc, IsWeakFeedbackWithTheWholeStepOfAHalfSquaredError) {
  const Toy toy = make_toy({.loss = Loss::half_squared_error, .batch = 18, .regression = true});
  Bench<double> bench(toy, "strong-dfc");
  const Overrides common = {{"reading", "paper"},
                            {"alpha", 0.05},
                            {"k_p", 0.5},
                            {"dt", 0.02},
                            {"tau_v", 0.1},
                            {"steps", std::int64_t{30}},
                            {"include_non_converged", true}};
  for (const auto& [learning, weak] : {std::pair{"continuous", "dfc"}, {"last", "dfc-ss"}}) {
    Overrides strong_settings = common, weak_settings = common;
    strong_settings.insert(strong_settings.end(), {{"phases", "two"}, {"learning", learning}});
    weak_settings.emplace_back("target_step", 1.0);
    EXPECT_LT(deviation(bench.run("strong-dfc", strong_settings), bench.run(weak, weak_settings)), 1e-13)
        << weak;
    weak_settings.back().second = 0.5;
    EXPECT_GT(deviation(bench.run("strong-dfc", strong_settings), bench.run(weak, weak_settings)), 0.1)
        << weak;
  }
}

// --- the sleep of two phases

// Where the label is what the network says already, clamping it is controlling the network to its own output.
TEST(StrongDfc, SleepsLikeWeakFeedbackWhereTheLabelIsTheOutput) {
  Toy toy = make_toy({.loss = Loss::mean_squared_error, .batch = 18, .regression = true});
  Bench<double> bench(toy, "strong-dfc");
  const Naive<double> naive(toy, bench.network());
  for (std::size_t sample = 0; sample < toy.batch; ++sample) {
    const auto output = naive.forward(sample).r.back();
    std::copy(output.begin(), output.end(),
              toy.y.begin() + static_cast<std::ptrdiff_t>(sample * toy.outputs()));
  }
  const DrawnNoise noise(toy);
  bench.minibatch().set_noise_port(const_cast<DrawnNoise*>(&noise));
  const Overrides common = {{"alpha_fb", 0.3}, {"k_p_fb", 0.2},         {"dt_fb", 0.02},
                            {"tau_v_fb", 0.1}, {"tau_a_fb", 0.3},       {"steps_fb", std::int64_t{30}},
                            {"sigma_fb", 0.3}, {"sigma_output_fb", 0.3}};
  Overrides sleep = common;
  sleep.insert(sleep.end(), {{"phases", "two"}, {"proactive", false}, {"scale_layers", false}});
  EXPECT_LT(deviation(bench.run("strong-dfc", sleep, kSleep), bench.run("dfc", common, kSleep)), 1e-12);
}

// With τ_noise = dt the low-pass filter passes N/√dt, the increment of white noise into an apical compartment of that time constant.
TEST(StrongDfc, LowPassedNoiseOfTheShortestTimeIsWhite) {
  const Toy toy = make_toy({.batch = 4});
  Bench<double> bench(toy, "strong-dfc");
  DrawnNoise noise(toy);
  bench.minibatch().set_noise_port(&noise);
  const Overrides white =
      two_phases({{"tau_a_fb", -1.0}, {"tau_noise", 0.02}, {"sigma_fb", 0.2}, {"sigma_output_fb", 0.1}});
  Overrides filtered = white;
  filtered.emplace_back("noise_fb", "low-pass");
  EXPECT_LT(deviation(bench.run("strong-dfc", filtered, kSleep), bench.run("strong-dfc", white, kSleep)),
            1e-12);
  filtered.emplace_back("tau_noise", 0.2);
  EXPECT_GT(deviation(bench.run("strong-dfc", filtered, kSleep), bench.run("strong-dfc", white, kSleep)),
            0.1);
}

TEST(StrongDfc, FeedbackOfLowerLayersLearnsFasterByTheFactorOfTheScaling) {
  const Toy toy = make_toy({.batch = 4});
  Bench<double> bench(toy, "strong-dfc");
  for (const char* reading : {"code", "paper"}) {
    const Overrides settings = two_phases({{"reading", reading}, {"tau_noise", 0.2}});
    Overrides plain = settings;
    plain.emplace_back("scale_layers", false);
    Change expected = bench.run("strong-dfc", plain, kSleep);
    for (std::size_t i = 0; i < 3; ++i) {
      for (double& w : expected.W[i]) w *= std::pow(1 + 0.1 / 0.2, 2.0 - static_cast<double>(i));
    }
    EXPECT_LT(deviation(bench.run("strong-dfc", settings, kSleep), expected), 1e-12) << reading;
  }
}

// --- the single phase

class SinglePhase : public ::testing::TestWithParam<const char*> {
 protected:
  Toy toy_ = make_toy({.units = {5, 7, 6, 3}, .batch = 18});
  Bench<double> bench_{toy_, "strong-dfc"};
};

// Feedback weights that learn do not move what forward weights learn, and the other way round.
TEST_P(SinglePhase, TeachesEachGroupAsIfItWereTheOnlyOne) {
  const Overrides settings = strong({{"learning", GetParam()}});
  const Change forward = bench_.run("strong-dfc", settings, kBoth), feedback = bench_.change("feedback");
  EXPECT_GT(length(feedback), 0);
  Overrides alone = settings;
  alone.emplace_back("feedback", "fixed");
  EXPECT_EQ(bench_.run("strong-dfc", alone).W, forward.W);
  Overrides other = settings;
  other.back().second = std::string(GetParam()) == "last" ? "continuous" : "last";
  bench_.run("strong-dfc", other, kBoth);
  EXPECT_EQ(bench_.change("feedback").W, feedback.W);
}

// A filter as fast as the Euler step leaves nothing of the control, and all of the rates.
TEST_P(SinglePhase, FilterOfOneStepHidesTheControlAndShowsTheRates) {
  const Overrides settings = strong({{"learning", GetParam()}, {"tau_filter", 0.02}});
  const Change forward = bench_.run("strong-dfc", settings, kBoth);
  EXPECT_EQ(length(bench_.change("feedback")), 0);
  Watching watching(toy_);
  bench_.minibatch().set_observer(&watching);
  bench_.run("strong-dfc", settings, kBoth);
  const Naive<double> naive(toy_, bench_.network());
  Change mean = naive.zero_change();
  for (std::size_t sample = 0; sample < toy_.batch; ++sample) {
    const Trajectory& states = watching.of(sample);
    const bool last = std::string(GetParam()) == "last";
    for (std::size_t t = last ? states.size() - 1 : 0; t < states.size(); ++t) {
      for (std::size_t i = 1; i <= 3; ++i) {
        naive.add_outer(mean, i, 2 / (last ? 1.0 : 30.0) / 18, naive.mismatch(i, states[t]),
                        states[t].r[i - 1]);
      }
    }
  }
  EXPECT_LT(deviation(forward, mean), 1e-11);
}

// From the trajectory: ξ̄, ū and r̄ once more.
TEST_P(SinglePhase, UpdatesAreThoseOfItsTrajectoryThroughTheFilters) {
  DrawnNoise noise(toy_);
  Watching watching(toy_);
  bench_.minibatch().set_noise_port(&noise);
  bench_.minibatch().set_observer(&watching);
  const double a = 0.02 / 0.25, tau = 0.08;
  const Change forward = bench_.run(
      "strong-dfc", strong({{"learning", GetParam()}, {"tau_filter", 0.25}, {"tau_noise", tau}}), kBoth);
  const Naive<double> naive(toy_, bench_.network());
  Change mean = naive.zero_change();
  std::vector<Numbers> q(3);
  for (std::size_t i = 1; i <= 3; ++i) q[i - 1].resize(toy_.spec.units[i] * 3);
  const bool last = std::string(GetParam()) == "last";
  for (std::size_t sample = 0; sample < toy_.batch; ++sample) {
    const Trajectory& states = watching.of(sample);
    auto slow_u = states[1].u;
    auto slow_r = states[0].r;
    for (std::size_t t = 1; t < states.size(); ++t) {
      for (std::size_t i = 1; i <= 3; ++i) {
        const double sigma = i == 3 ? 0.2 : 0.3, k = std::pow(1 + 0.1 / tau, 3.0 - static_cast<double>(i));
        for (std::size_t j = 0; j < toy_.spec.units[i]; ++j) {
          slow_r[i][j] += a * (states[t].r[i][j] - slow_r[i][j]);
          // the noise of this state, from its definition
          double xi = 0;
          for (std::size_t s = 0; s < t; ++s) {
            xi = 0.02 / tau / std::sqrt(0.02) *
                     DrawnNoise::number(static_cast<std::int64_t>(s), i, sample, j) +
                 (1 - 0.02 / tau) * xi;
          }
          const auto apical = naive.apical(i, states[t].u);
          EXPECT_NEAR(states[t].v_fb[i][j], apical[j] + sigma * xi, 1e-11);
        }
        for (std::size_t j = 0; j < toy_.spec.units[i]; ++j) {
          for (std::size_t c = 0; c < 3; ++c) {
            const double slow = t == 1 ? states[1].u[c] : a * states[t].u[c] + (1 - a) * slow_u[c];
            q[i - 1][j * 3 + c] -=
                k / (sigma * sigma) / 29 / 18 * states[t - 1].v_fb[i][j] * (states[t].u[c] - slow);
          }
        }
        if (!last) naive.add_outer(mean, i, 2.0 / 30 / 18, naive.mismatch(i, states[t]), states[t].r[i - 1]);
      }
      for (std::size_t c = 0; c < 3; ++c)
        slow_u[c] = t == 1 ? states[1].u[c] : a * states[t].u[c] + (1 - a) * slow_u[c];
    }
    for (std::size_t i = 1; last && i <= 3; ++i) {
      auto seen = states.back();
      const auto basal = naive.basal(i, slow_r[i - 1]);
      for (std::size_t j = 0; j < basal.size(); ++j) {
        seen.v[i][j] += basal[j] - seen.v_ff[i][j];
        seen.v_ff[i][j] = basal[j];
      }
      naive.add_outer(mean, i, 2.0 / 18, naive.mismatch(i, seen), slow_r[i - 1]);
    }
  }
  EXPECT_LT(deviation(forward, mean), 1e-11);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_LT(deviation(bench_.change("feedback").W[i], q[i]), 1e-9) << i;
}

INSTANTIATE_TEST_SUITE_P(Learning, SinglePhase, ::testing::Values("continuous", "last"));

// --- the authors' code

TEST(StrongDfc, LearnsFromTheLastVoltagesUphillInTheReadingOfTheCodeOnly) {
  const Toy toy = make_toy({.batch = 5});
  Bench<double> bench(toy, "strong-dfc");
  const auto change = [&](const char* reading, const char* learning) {
    // without a proportional path both readings of the leak are one
    return bench.run(
        "strong-dfc",
        two_phases({{"reading", reading}, {"learning", learning}, {"plasticity", "voltages"}, {"k_p", 0.0}}));
  };
  for (const auto& [learning, factor] : {std::pair{"last", -2.0}, {"continuous", 2.0}}) {
    Change expected = change("paper", learning);
    for (auto* list : {&expected.W, &expected.b}) {
      for (Numbers& values : *list) {
        for (double& value : values) value *= factor;
      }
    }
    EXPECT_LT(deviation(change("code", learning), expected), 1e-13) << learning;
  }
}

TEST(StrongDfc, PretrainingTakesTheWakingTimeConstantsInTheReadingOfTheCodeOnly) {
  for (const char* reading : {"code", "paper"}) {
    const StrongFeedback two(
        settings_of("strong-dfc", two_phases({{"reading", reading}, {"tau_v_fb", 0.4}, {"tau_noise", 0.2}})));
    const double expected = std::string(reading) == "code" ? 1 + 0.1 / 0.2 : 1 + 0.4 / 0.2;
    EXPECT_NEAR(
        two.feedback_factor("feedback-pretraining", 2, 3) / two.feedback_factor("feedback-pretraining", 3, 3),
        expected, 1e-12);
    EXPECT_NEAR(two.feedback_factor("sleep", 2, 3) / two.feedback_factor("sleep", 3, 3), 1 + 0.4 / 0.2,
                1e-12);
    const StrongFeedback single(
        settings_of("strong-dfc", strong({{"reading", reading}, {"dt_fb", 0.04}, {"tau_filter", 0.4}})));
    EXPECT_NEAR(single.sleep().filter, std::string(reading) == "code" ? 0.02 / 0.4 : 0.04 / 0.4, 1e-12);
  }
}

}  // namespace
}  // namespace apical
