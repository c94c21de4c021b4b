// The probes of the theory against an independent NumPy program, which holds every unit and weight where the
// probes reduce the problem (tests/data/probes/make_theory.py).
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "probes/published_network.h"
#include "probes/stability.h"

namespace apical {
namespace {

using Json = nlohmann::json;

// To be kept while a loop reads it: in C++20 a temporary ends before the loop over a part of it begins.
Json theory_of(const std::string& network) {
  std::ifstream in(std::string(APICAL_TEST_DATA) + "/probes/theory.json");
  return Json::parse(in).at(network);
}

class TheoryProbes : public testing::TestWithParam<std::string> {};

TEST_P(TheoryProbes, FindWhatTheIndependentProgramFinds) {
  PublishedNetwork published(GetParam());
  std::size_t compared = 0, stored = 0;
  const Json theory = theory_of(GetParam());
  for (const auto& [probe, theirs] : theory.items()) {
    if (probe == "spectral radii") continue;
    stored += theirs.size() - theirs.count("A_PI paper");
    const ProbeValues ours = published.measure(probe);
    for (const auto& [name, value] : ours.values) {
      const auto expected = theirs.at(name).get<double>();
      // eigenvalues of matrices that are not normal, and arcs of small cosines, hold fewer digits
      const double tolerance = ours.unit == "deg" ? 1e-6 : 1e-9 + 1e-7 * (ours.unit == "1/tau_u");
      EXPECT_NEAR(value, expected, tolerance * std::max(1.0, std::abs(expected))) << probe << ", " << name;
      ++compared;
    }
  }
  EXPECT_EQ(compared, stored);
  EXPECT_GE(stored, 40u);
}

TEST_P(TheoryProbes, KnowTheSpectralRadiusOfEveryWayToMakeAnEulerStep) {
  PublishedNetwork published(GetParam());
  const auto& state = published.minibatch.state();
  const SampleJacobian<double> jacobian(published.network);
  const double dt = published.example.hyper.dt;
  std::size_t ways = 0;
  const Json theory = theory_of(GetParam());
  for (const auto& [way, radii] : theory.at("spectral radii").items()) {
    ControlledDynamics d = dynamics_of(published.settings);
    d.settling.instantaneous_transmission = way.starts_with("instantaneous");
    d.settling.proactive = way.find("proactive") != std::string::npos;
    d.settling.tau_a = std::stod(way.substr(way.find("tau_a") + 6));
    EXPECT_GE(d.settling.tau_a, dt);
    for (std::size_t row = 0; row < published.example.batch; ++row) {
      const ControlLoop loop(jacobian.at(state, row), stacked_feedback(published.network),
                             first_units(published.network));
      EXPECT_NEAR(loop.euler(d), radii.at(row).get<double>(), 1e-9) << way << ", sample " << row;
    }
    ++ways;
  }
  EXPECT_EQ(ways, 8u);
}

TEST_P(TheoryProbes, KnowTheLeakOfThePaper) {
  PublishedNetwork published(GetParam());
  published.settings.set("reading", std::string("paper"));
  for (const char* probe : {"stability", "stability-controlled"}) {
    const auto expected = theory_of(GetParam()).at(probe).at("A_PI paper").get<double>();
    EXPECT_NEAR(published.measure(probe).values[0].second, expected, 1e-7) << probe;
  }
}

// ln ρ / dt of the Euler step is the eigenvalue of A_PI in the limit, with an error of first order.
TEST_P(TheoryProbes, TheEulerStepGrowsAsTheEigenvalueSaysWithSlopeOneInDt) {
  PublishedNetwork published(GetParam());
  const SampleJacobian<double> jacobian(published.network);
  for (const bool leak_on_control : {true, false}) {
    const ControlLoop loop(jacobian.at(published.minibatch.state(), 0), stacked_feedback(published.network),
                           first_units(published.network));
    ControlledDynamics d = dynamics_of(published.settings);
    d.controller.leak_on_control = leak_on_control;
    d.settling.tau_a = 0;
    std::vector<double> errors;
    for (const double dt : {2e-3, 1e-3, 5e-4}) {
      d.settling.dt = dt;
      errors.push_back(std::abs(std::log(loop.euler(d)) / dt - loop.a_pi(d)));
    }
    EXPECT_NEAR(std::log2(errors[0] / errors[1]), 1, 0.1) << leak_on_control;
    EXPECT_NEAR(std::log2(errors[1] / errors[2]), 1, 0.1) << leak_on_control;
  }
}

TEST_P(TheoryProbes, AreTheSameBitsForAnyNumberOfThreads) {
  PublishedNetwork one(GetParam(), 1), three(GetParam(), 3);
  for (const char* probe :
       {"stability", "stability-controlled", "condition-2", "null-space", "update-angle-gn"}) {
    const ProbeValues a = one.measure(probe), b = three.measure(probe);
    for (std::size_t k = 0; k < a.values.size(); ++k) EXPECT_EQ(a.values[k], b.values[k]) << probe;
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, TheoryProbes,
                         testing::Values("p1_5-7-6-3_tanh-linear_bias_mse", "p2_4-5-5-5-2_alltanh_nobias_mse",
                                         "p3_6-8-5-4_tanh-linear_bias_ce",
                                         "p5_6-5-3-5-6_tanh-lin-tanh_bias_mse_slowapical",
                                         "q4_single_layer"));

}  // namespace
}  // namespace apical
