// Theorems 2 and 3 of Meulemans et al. 2021 as limits of the rules, seen through the probes; and what the probes
// say where a measure is not defined.
#include <gtest/gtest.h>

#include <Eigen/LU>
#include <cmath>

#include "network/toy.h"
#include "probes/feedback.h"
#include "probes/probe.h"
#include "probes/references.h"
#include "probes/stability.h"

namespace apical {
namespace {

using Vector = Eigen::VectorXd;

// A toy network run through a rule, and its probes.
struct Measured {
  Measured(const Toy& problem, const std::string& rule, const Overrides& overrides = {})
      : toy(problem), bench(toy, rule, overrides), card(rule_named(rule, "test").card()) {}

  void run(const std::string& rule, const Overrides& overrides) {
    settings = settings_of(rule, overrides);
    bench.minibatch().keep_controlled(true);
    bench.run(rule, overrides);
  }
  ProbeValues measure(const std::string& probe, double damping = 0.1) {
    return run_probe<double>(probe, {bench.network(),
                                     bench.minibatch(),
                                     card,
                                     {},
                                     toy.loss,
                                     pool,
                                     ToySource<double>(toy),
                                     settings,
                                     damping});
  }
  double network(const std::string& probe) {
    const ProbeValues found = measure(probe);
    EXPECT_EQ(found.values.front().first, "network") << probe;
    return found.values.front().second;
  }

  const Toy& toy;
  Bench<double> bench;
  Card card;
  Parameters settings;
  Pool pool{1};
};

void give_feedback(Network<double>& network, const RowMajor& stacked) {
  const auto first = first_units(network);
  for (std::size_t i = 1; i <= network.depth(); ++i) {
    const RowMajor own = stacked.middleRows(first[i - 1], first[i] - first[i - 1]);
    network.weights("feedback", i).set_values(std::span(own.data(), static_cast<std::size_t>(own.size())));
  }
}

// Condition 1 for a minibatch of one: every layer's weights and biases scaled until its rates are as long as the
// input. The unit that stands for the biases adds 1 to every layer's length, so that these stay equal.
void equalise_lengths(const Toy& toy, Network<double>& network) {
  Vector r = Eigen::Map<const Vector>(toy.x.data(), static_cast<Eigen::Index>(toy.spec.units[0]));
  const double wanted = r.norm();
  for (std::size_t i = 1; i < network.depth(); ++i) {
    auto& weights = network.weights(i);
    const RowMajor w = as_matrix(weights);
    Vector b = Vector::Zero(w.rows());
    if (weights.has_bias()) b = Eigen::Map<const Vector>(weights.bias_values().data(), w.rows());
    double low = 0, high = 1000;
    for (int halving = 0; halving < 200; ++halving) {
      const double middle = (low + high) / 2;
      ((middle * (w * r + b)).array().tanh().matrix().norm() < wanted ? low : high) = middle;
    }
    const RowMajor scaled = low * w;
    b *= low;
    weights.set_values(std::span(scaled.data(), static_cast<std::size_t>(scaled.size())));
    if (weights.has_bias()) weights.set_bias_values(std::span(b.data(), static_cast<std::size_t>(b.size())));
    r = (scaled * r + b).array().tanh();
  }
}

// A minibatch of one under both conditions: Q = Jᵀ M, M a fixed matrix that keeps J Q stable.
struct UnderBothConditions {
  explicit UnderBothConditions(bool biases = false)
      : toy(make_toy({.units = {5, 8, 7, 3},
                      .loss = Loss::half_squared_error,
                      .batch = 1,
                      .biases = biases,
                      .regression = true})) {
    toy.x.assign({0.3, -0.5, 0.2, 0.4, -0.1});
    equalise_lengths(toy, measured.bench.network());
    measured.run("backprop", {});
    const RowMajor j = jacobian();
    Eigen::Matrix3d mix;
    mix << 1, 0.4, 0, -0.3, 0.8, 0.2, 0.1, 0, 1.2;
    give_feedback(measured.bench.network(), j.transpose() * (j * j.transpose()).inverse() * mix);
  }
  RowMajor jacobian() {
    return SampleJacobian<double>(measured.bench.network()).at(measured.bench.minibatch().state(), 0);
  }
  void run(double step, double alpha) {
    measured.run("dfc-ssa", {{"feedback", std::string("fixed")},
                             {"plasticity", std::string("voltages")},
                             {"target_step", step},
                             {"alpha", alpha}});
  }

  Toy toy;
  Measured measured{toy, "dfc-ssa", {{"feedback", std::string("fixed")}}};
};

void expect_gauss_newton_under_both_conditions(bool biases) {
  UnderBothConditions both(biases);
  both.run(1e-3, 0);
  EXPECT_NEAR(both.measured.network("condition-1"), 0, 1e-12);
  EXPECT_NEAR(both.measured.network("condition-2"), 1, 1e-12);
  std::vector<double> by_nudge, by_leak;
  for (const double small : {1e-2, 5e-3, 2.5e-3}) {
    both.run(small, 0);
    by_nudge.push_back(both.measured.network("update-angle-gn"));
    both.run(1e-8, small);
    by_leak.push_back(both.measured.network("update-angle-gn"));
  }
  for (const auto& angles : {by_nudge, by_leak}) {
    EXPECT_NEAR(std::log2(angles[0] / angles[1]), 1, 0.05);
    EXPECT_NEAR(std::log2(angles[1] / angles[2]), 1, 0.05);
    EXPECT_LT(angles[2], 1);
  }
  // neither backprop nor anything without the conditions gets there
  EXPECT_GT(both.measured.network("update-angle"), 5);
  Network<double>& network = both.measured.bench.network();
  RowMajor other = stacked_feedback(network);
  other(0, 0) += 0.5;
  give_feedback(network, other);
  both.run(1e-8, 0);
  EXPECT_GT(both.measured.network("update-angle-gn"), 1);
}

TEST(TheoremTwo, UpdatesTurnToGaussNewtonWithSlopeOneInNudgeAndLeakUnderConditionsOneAndTwo) {
  expect_gauss_newton_under_both_conditions(false);
}
TEST(TheoremTwo, HoldsWithBiases) { expect_gauss_newton_under_both_conditions(true); }

// ΔW_i = dv_i r_{i−1}ᵀ / ‖r_{i−1}‖² moves the output by J dv as wanted, and no update that does so is shorter in
// Σ ‖r_{i−1}‖² ‖ΔW_i‖²: what is added in the null space of J makes it longer, whichever way.
TEST(TheoremThree, UpdatesOfTheAnalyticSteadyStateAreMinimumNormUnderConditionTwo) {
  UnderBothConditions both;
  Network<double>& network = both.measured.bench.network();
  both.run(1e-6, 0);
  EXPECT_LT(both.measured.network("update-angle-mn"), 1e-3);
  const RowMajor j = both.jacobian();
  const auto first = first_units(network);
  const GroupDelta<double>& delta = both.measured.bench.minibatch().delta();
  const auto& state = both.measured.bench.minibatch().state();
  Vector dv(j.cols());  // ΔW_i r_{i−1} / ‖r_{i−1}‖², without the factor 2 of the authors' code
  for (std::size_t i = 1; i <= 3; ++i) {
    const auto& w = network.weights(i);
    for (std::size_t out = 0; out < w.n_out(); ++out) {
      double seen = 0, length = 0;
      for (std::size_t in = 0; in < w.n_in(); ++in) {
        const double r = state.rate[i - 1][in];
        seen += delta.weights[i - 1][panel_index<double>(w.n_out(), w.n_in(), out, in)] * r;
        length += r * r;
      }
      dv[first[i - 1] + static_cast<Eigen::Index>(out)] = seen / length / 2;
    }
  }
  const Vector e = Eigen::Map<const Eigen::Vector3d>(state.loss_gradient.data());
  EXPECT_LT((j * dv + 1e-6 * e).norm(), 1e-4 * 1e-6 * e.norm());
  const Eigen::FullPivLU<Eigen::MatrixXd> lu{Eigen::MatrixXd(j)};
  const Eigen::MatrixXd silent = lu.kernel();
  EXPECT_EQ(silent.cols(), j.cols() - 3);
  for (Eigen::Index k = 0; k < silent.cols(); ++k) {
    for (const double way : {-0.1, 0.1})
      EXPECT_GT((dv + way * dv.norm() * silent.col(k).normalized()).norm(), dv.norm() * 1.004);
  }
}

TEST(NullSpace, HoldsNothingOfBackpropAndEverythingWhereNoOutputMoves) {
  const Toy toy = make_toy({.units = {5, 7, 6, 3}, .batch = 4});
  Measured measured(toy, "backprop");
  measured.run("backprop", {});
  EXPECT_LT(measured.network("null-space"), 1e-12);
  // an update that was proposed, seen by a network whose output hears nothing any more
  const BatchState<double>& state = measured.bench.minibatch().state();
  const double before =
      null_space_share(measured.bench.network(), state, 4, measured.bench.minibatch().delta());
  EXPECT_LT(before, 1e-12);
  for (Buffer<double>& slope : measured.bench.minibatch().state().slope) slope.zero();
  EXPECT_EQ(null_space_share(measured.bench.network(), state, 4, measured.bench.minibatch().delta()), 1);
}

TEST(UpdateAngleSsa, IsZeroForTheAnalyticRuleAndSmallForTheDynamicsThatItSolves) {
  const Toy toy = make_toy({.batch = 4});
  Measured measured(toy, "dfc-ss", {{"feedback", std::string("fixed")}});
  const Overrides settings = {{"feedback", std::string("fixed")},
                              {"alpha", 0.2},
                              {"k_p", 0.5},
                              {"tau_v", 0.05},
                              {"target_step", 1e-4},
                              {"steps", std::int64_t{4000}}};
  for (const char* reading : {"code", "paper"}) {
    Overrides all = settings;
    all.emplace_back("reading", std::string(reading));
    measured.run("dfc-ss", all);
    EXPECT_LT(measured.network("update-angle-ssa"), 0.02) << reading;
    EXPECT_NEAR(measured.network("update-length-ssa"), 1, 1e-3) << reading;
  }
}

TEST(Divergence, IsPredictedWhereItIsSeen) {
  const Toy toy = make_toy({.batch = 6});
  const auto shares = [&](double sign) {
    Measured measured(toy, "dfc-ss", {{"feedback", std::string("fixed")}});
    auto& q = measured.bench.network().group("feedback");
    for (auto& matrix : q) {
      auto values = matrix.values();
      for (double& value : values) value *= sign;
      matrix.set_values(values);
    }
    measured.run("dfc-ss", {{"feedback", std::string("fixed")},
                            {"alpha", 0.1},
                            {"k_p", 0.5},
                            {"tau_v", 0.05},
                            {"steps", std::int64_t{2000}}});
    return measured.measure("divergence").values;
  };
  for (const auto& [name, share] : shares(1)) EXPECT_EQ(share, name == "agreement" ? 1 : 0) << name;
  // feedback that pushes the output away
  for (const auto& [name, share] : shares(-1)) {
    if (name != "diverged") {
      EXPECT_EQ(share, 1) << name;
    }
  }
}

// Every probe on networks at the edge of what a network can be: numbers or NaN, never an error.
void expect_numbers_from_every_probe(const ToySpec& spec, bool silent = false) {
  const Toy toy = make_toy(spec);
  for (const char* rule : {"dfc", "dfc-ss", "dfc-ssa", "backprop", "dfa"}) {
    Overrides settings;
    const bool controlled = std::string(rule).starts_with("dfc");
    if (controlled) settings = {{"feedback", std::string("fixed")}, {"target_step", 1e-3}};
    if (controlled && std::string(rule) != "dfc-ssa") settings.emplace_back("include_non_converged", true);
    Measured measured(toy, rule, settings);
    if (silent) {
      for (const auto& [group, unused] : measured.bench.network().all_groups()) {
        for (auto& w : measured.bench.network().group(group))
          w.set_values(std::vector<double>(w.n_out() * w.n_in(), 0.0));
      }
    }
    measured.run(rule, settings);
    for (const ProbeInfo& probe : all_probes()) {
      if (!probe.applies_to(measured.card)) continue;
      const ProbeValues found = measured.measure(probe.name);
      EXPECT_FALSE(found.values.empty()) << rule << ", " << probe.name;
      if (silent) continue;
      for (const auto& [name, value] : found.values) {
        // layers that a rule leaves alone have no direction
        if (probe.name.starts_with("weight-alignment") && spec.units.size() == 2) continue;
        EXPECT_TRUE(std::isfinite(value)) << rule << ", " << probe.name << ", " << name;
      }
    }
  }
}

TEST(EveryProbe, MeasuresAMinibatchOfOne) { expect_numbers_from_every_probe({.batch = 1}); }
TEST(EveryProbe, MeasuresASingleLayer) { expect_numbers_from_every_probe({.units = {5, 3}, .batch = 3}); }
TEST(EveryProbe, MeasuresTenLayers) {
  expect_numbers_from_every_probe({.units = {5, 4, 4, 4, 4, 4, 4, 4, 4, 4, 3}, .batch = 2});
}
TEST(EveryProbe, MeasuresLayersWithoutLength) { expect_numbers_from_every_probe({.batch = 3}, true); }

TEST(ConditionTwo, IsNotDefinedForFeedbackWithoutLength) {
  const RowMajor jacobian = RowMajor::Ones(1, 2);
  EXPECT_TRUE(std::isnan(row_space_share(jacobian, RowMajor::Zero(2, 1))));
  EXPECT_NEAR(row_space_share(jacobian, RowMajor::Ones(2, 1)), 1, 1e-15);
  RowMajor half(2, 1);
  half << 1, 0;
  EXPECT_NEAR(row_space_share(jacobian, half), std::sqrt(0.5), 1e-15);
}

}  // namespace
}  // namespace apical
