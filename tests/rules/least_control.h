// What the tests of the least-control rules share: a long settling, feedback that inverts exactly, and what holds for each of them.
#pragma once

#include <gtest/gtest.h>

#include <Eigen/QR>
#include <algorithm>
#include <string>

#include "rules/trajectory.h"
#include "rules/two_linear_units.h"

namespace apical {

// A settling long and slow enough to come to rest within rounding.
inline Overrides at_rest(const std::string& rule, double alpha, Overrides more = {}) {
  const Card card = rule_named(rule, "test").card();
  Overrides all = {{"reading", "paper"}, {"alpha", alpha}, {"steps", std::int64_t{30000}}, {"dt", 0.02}};
  for (const auto& [name, value] : {std::pair{"tau_v", 0.1}, {"tau_a", 0.1}, {"settling_tolerance", 1e-15}}) {
    for (const Parameter& parameter : card.parameters) {
      if (parameter.name == name) all.emplace_back(name, value);
    }
  }
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

inline Eigen::MatrixXd matrix(const WeightMatrix<double>& w) {
  Eigen::MatrixXd m(w.n_out(), w.n_in());
  for (Eigen::Index j = 0; j < m.rows(); ++j) {
    for (Eigen::Index k = 0; k < m.cols(); ++k)
      m(j, k) = w.get(static_cast<std::size_t>(j), static_cast<std::size_t>(k));
  }
  return m;
}

// The feedback that inverts the network: W_{i+1}ᵀ for a chain, W_{i+1}ᵀ … W_Lᵀ from the output. Nothing to do where it is transported.
inline void invert_exactly(Network<double>& network) {
  if (!network.has_group("feedback")) return;
  for (auto& w : network.group("feedback")) {
    Eigen::MatrixXd product = matrix(network.weights(w.layer() + 1));
    const bool chain = network.groups().front().wiring == Wiring::backward_chain;
    for (std::size_t i = w.layer() + 2; !chain && i <= network.depth(); ++i)
      product = (matrix(network.weights(i)) * product).eval();
    for (std::size_t j = 0; j < w.n_out(); ++j) {
      for (std::size_t k = 0; k < w.n_in(); ++k)
        w.set(j, k, product(static_cast<Eigen::Index>(k), static_cast<Eigen::Index>(j)));
    }
  }
}

inline Toy regression_toy(std::size_t batch, Activation hidden = Activation::tanh) {
  return make_toy({.units = {5, 6, 4, 3},
                   .hidden = hidden,
                   .loss = Loss::half_squared_error,
                   .batch = batch,
                   .regression = true});
}

// Samples that rest have settled, although the control leaves an error; those that had no time for it have not.
inline void expect_rest_to_count_as_settled(const std::string& rule) {
  const Toy toy = regression_toy(6);
  Bench<double> bench(toy, rule);
  invert_exactly(bench.network());
  const auto settled = [&](const Overrides& more) {
    bench.run(rule, at_rest(rule, 2, more));
    const auto& samples = bench.minibatch().state().settled;
    for (std::size_t row = 0; row < toy.batch; ++row) EXPECT_GT(samples[row].error, 0.01) << rule;
    return std::count_if(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(toy.batch),
                         [](const Settled& sample) { return sample.converged; });
  };
  EXPECT_EQ(settled({}), 6) << rule;
  EXPECT_EQ(settled({{"steps", std::int64_t{20}}}), 0) << rule;
}

// Two linear units: ψ_2 = u, ψ_1 = w_2 u, r_2 = w_2 (w_1 x + ψ_1) + ψ_2 and y − r_2 = α u, so u = (y − w_2 w_1 x)/(1 + w_2² + α).
inline void expect_the_control_of_two_linear_units(const std::string& rule) {
  Toy toy = two_linear_units();
  Bench<double> bench(toy, rule);
  bench.network().weights(1).set_values(Numbers{0.5});
  bench.network().weights(2).set_values(Numbers{1});
  invert_exactly(bench.network());
  bench.network().refresh_transposes();
  const Change change = bench.run(rule, at_rest(rule, 0.25));
  // u = 9/2.25 = 4 and r_1 = 1 + 4
  EXPECT_NEAR(change.W[0][0], 4 * 2, 1e-9);
  EXPECT_NEAR(change.W[1][0], 4 * 5, 1e-9);
}

// At rest α u = −∂ℒ/∂r_L, so that the loss's gradient vanishes with α, with slope 1.
inline void expect_to_reach_the_target_as_alpha_vanishes(const std::string& rule) {
  const Toy toy = regression_toy(5);
  Bench<double> bench(toy, rule);
  invert_exactly(bench.network());
  Watching watching(toy);
  bench.minibatch().set_observer(&watching);
  Numbers alphas = {0.01, 0.003, 0.001}, errors;
  for (const double alpha : alphas) {
    bench.run(rule, at_rest(rule, alpha, {{"steps", std::int64_t{4000}}}));
    double error = 0;
    for (std::size_t sample = 0; sample < toy.batch; ++sample) {
      const auto& state = watching.of(sample).back();
      for (std::size_t j = 0; j < toy.outputs(); ++j) {
        const double e = toy.y[sample * toy.outputs() + j] - state.r.back()[j];
        error += e * e;
        EXPECT_NEAR(e, alpha * state.u[j], 1e-9);
      }
    }
    errors.push_back(std::sqrt(error));
  }
  EXPECT_NEAR(log_slope(alphas, errors), 1, 0.02);
  EXPECT_LT(errors.back(), 0.02);
}

// With J = (W_3 W_2, W_3, 1) the smallest ψ with J ψ = y − r_L⁻ is the pseudo-inverse's. Through feedback of another shape the
// target is reached too, but with more control.
inline void expect_the_pseudo_inverse_of_a_linear_network(const std::string& rule) {
  const Toy toy = regression_toy(1, Activation::linear);
  Bench<double> bench(toy, rule);
  auto& network = bench.network();
  const Eigen::MatrixXd W2 = matrix(network.weights(2)), W3 = matrix(network.weights(3));
  Eigen::MatrixXd J(3, 13);
  J << W3 * W2, W3, Eigen::MatrixXd::Identity(3, 3);
  const auto output = Naive<double>(toy, network).forward(0).r[3];
  Eigen::VectorXd way(3);
  for (Eigen::Index j = 0; j < 3; ++j)
    way[j] = toy.y[static_cast<std::size_t>(j)] - output[static_cast<std::size_t>(j)];
  const Eigen::VectorXd least = J.completeOrthogonalDecomposition().solve(way);
  // ψ of the one sample is the change of its biases
  const auto control = [&] {
    Eigen::VectorXd psi(13);
    Eigen::Index at = 0;
    for (const Numbers& one : bench.run(rule, at_rest(rule, 1e-7)).b) {
      for (const double value : one) psi[at++] = value;
    }
    return psi;
  };
  invert_exactly(network);
  EXPECT_LT((control() - least).norm(), 1e-6 * least.norm());
  if (!network.has_group("feedback")) return;
  auto& w = network.weights("feedback", 1);
  w.set_values(Numbers(w.n_out() * w.n_in(), 0.2));
  const Eigen::VectorXd other = control();
  EXPECT_LT((J * other - way).norm(), 1e-5);
  EXPECT_GT(other.norm(), 1.01 * least.norm());
}

// As α grows, α ψ tends to the teaching signal of the rule that sends the error of the free network back through the same weights.
inline void expect_weak_control_to_teach_as(const std::string& rule, const std::string& limit) {
  const Toy toy = make_toy({.batch = 5});
  Bench<double> bench(toy, rule), other(toy, limit);
  for (const WeightGroup& group : other.network().groups()) {
    for (auto& w : other.network().group(group.name))
      w.set_values(bench.network().weights("feedback", w.layer()).values());
  }
  const Change weak = other.run(limit);
  Numbers alphas = {30, 100, 300}, differences;
  // the controller's own time is 1/α; the energy has none
  const bool controlled = rule != "lcp-ebd";
  for (const double alpha : alphas) {
    const Overrides settings = at_rest(rule, alpha, {{"dt", controlled ? 0.001 : 0.02}});
    differences.push_back(deviation(scaled(bench.run(rule, settings), alpha), weak));
  }
  EXPECT_LT(differences.back(), 0.02);
  EXPECT_NEAR(log_slope(alphas, differences), -1, 0.1);
}

// e/(α B) = e/α', whether it is the error that is smaller or the leak that is larger.
inline void expect_the_code_to_divide_the_error_by_the_minibatch(const std::string& rule) {
  const Toy toy = make_toy({.batch = 5});
  Bench<double> bench(toy, rule);
  const Change code = bench.run(rule, at_rest(rule, 0.2, {{"reading", "code"}}));
  EXPECT_LT(deviation(code, bench.run(rule, at_rest(rule, 1.0))), 1e-8);
  EXPECT_GT(deviation(code, bench.run(rule, at_rest(rule, 0.2))), 0.1);
}

inline void expect_single_precision_to_keep_the_update(const std::string& rule, Overrides settings) {
  const Toy toy = make_toy({.units = {100, 64, 64, 10}, .batch = 16});
  settings.emplace_back("steps", std::int64_t{300});
  Bench<double> twice(toy, rule);
  Bench<float> single(toy, rule);
  for (const auto& [group, matrices] : single.network().all_groups()) {
    for (const auto& w : matrices) {
      twice.network().weights(group, w.layer()).set_values(w.values());
      if (w.has_bias()) twice.network().weights(group, w.layer()).set_bias_values(w.bias_values());
    }
  }
  twice.network().refresh_transposes();
  EXPECT_LT(deviation(single.run(rule, settings), twice.run(rule, settings)), 1e-5);
}

}  // namespace apical
