// Sleep of a network with a wide linear output, in the coordinates of the layer below and neuron by neuron: the same but for rounding.
#include <gtest/gtest.h>

#include <array>
#include <ostream>
#include <string>

#include "network/toy.h"

namespace apical {
namespace {

const Overrides kNoNoiseThere = {{"sigma_output_fb", 0.0}, {"steps_fb", std::int64_t{40}}};

Overrides with(std::string_view name, Value value) {
  Overrides all = kNoNoiseThere;
  all.emplace_back(name, std::move(value));
  return all;
}

Toy wide(std::size_t outputs = 70, std::size_t batch = 40) {
  return make_toy({.units = {9, 20, 6, 17, outputs},
                   .loss = Loss::mean_squared_error,
                   .batch = batch,
                   .regression = true});
}

PassContext asleep(bool quiet) {
  PassContext context = kSleep;
  context.quiet_output = quiet;
  return context;
}

struct Case {
  std::string name, rule;
  Overrides settings;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class NarrowOutput : public ::testing::TestWithParam<Case> {};

TEST_P(NarrowOutput, ProposesTheSame) {
  const Case& c = GetParam();
  const Toy toy = wide();
  Bench<double> full(toy, c.rule, c.settings), narrow(toy, c.rule, c.settings);
  const Change expected = full.run(c.rule, c.settings, asleep(false));
  const Change found = narrow.run(c.rule, c.settings, asleep(true));
  EXPECT_LT(deviation(found, expected), 1e-10);
  EXPECT_NE(found.W, expected.W) << "it went the wide way";
  EXPECT_GT(length(expected.W[3]), 0);
  for (std::size_t row = 0; row < toy.batch; ++row) {
    const Settled &one = narrow.minibatch().state().settled[row],
                  &other = full.minibatch().state().settled[row];
    EXPECT_EQ(one.time, other.time);
    EXPECT_EQ(one.converged, other.converged);
    EXPECT_NEAR(one.residual, other.residual, 1e-9 * other.residual);
    EXPECT_NEAR(one.overshoot, other.overshoot, 1e-9);
  }
  EXPECT_TRUE(narrow.minibatch().state().has_settled);
  EXPECT_TRUE(narrow.minibatch().state().dynamics.has_value());
  EXPECT_EQ(narrow.minibatch().mean_loss(), full.minibatch().mean_loss());
}

INSTANTIATE_TEST_SUITE_P(Dynamics, NarrowOutput,
                         ::testing::Values(Case{"dfc", "dfc", kNoNoiseThere},
                                           Case{"dfc_ssa", "dfc-ssa", kNoNoiseThere},
                                           Case{"paper", "dfc-ss", with("reading", "paper")},
                                           Case{"delayed", "dfc", with("transmission_fb", "delayed")},
                                           Case{"without_apical_lag", "dfc", with("tau_a_fb", -1.0)},
                                           Case{"strong_control", "dfc", with("k_p_fb", 1.5)}),
                         [](const auto& one) { return one.param.name; });

TEST(NarrowOutput, FollowsWeightsThatMove) {
  const Toy toy = wide();
  Bench<double> moved(toy, "dfc", kNoNoiseThere), full(toy, "dfc", kNoNoiseThere);
  moved.run("dfc", kNoNoiseThere, asleep(true));
  for (Bench<double>* bench : {&moved, &full}) {
    Network<double>& network = bench->network();
    for (const std::size_t i : {1, 2, 3, 4}) network.weights(i).set(1, 2, 0.9);
    for (const std::size_t i : {1, 2, 3}) network.weights("feedback", i).set(3, 5, -0.8);
    for (std::size_t k = 0; k < toy.outputs(); ++k) network.weights("feedback", 4).set(k, k, 0.6);
    network.weights(2).set_bias_values(Numbers(6, 0.4));
  }
  EXPECT_LT(
      deviation(moved.run("dfc", kNoNoiseThere, asleep(true)), full.run("dfc", kNoNoiseThere, asleep(false))),
      1e-10);
}

TEST(NarrowOutput, ServesDependentColumnsAndColumnsOfZeros) {
  const Toy toy = wide();
  Bench<double> narrow(toy, "dfc", kNoNoiseThere), full(toy, "dfc", kNoNoiseThere);
  for (Bench<double>* bench : {&narrow, &full}) {
    WeightMatrix<double>& w = bench->network().weights(4);
    for (std::size_t out = 0; out < toy.outputs(); ++out) {
      w.set(out, 3, 2 * w.get(out, 5));
      w.set(out, 8, 0);
    }
    w.set_bias_values(Numbers(toy.outputs(), 0.0));
  }
  const Change found = narrow.run("dfc", kNoNoiseThere, asleep(true));
  const Change expected = full.run("dfc", kNoNoiseThere, asleep(false));
  EXPECT_LT(deviation(found, expected), 1e-10);
  EXPECT_NE(found.W, expected.W);
}

TEST(NarrowOutput, LeavesLayersThatStayAlone) {
  const Toy toy = wide();
  Bench<double> narrow(toy, "dfc", kNoNoiseThere), full(toy, "dfc", kNoNoiseThere);
  const std::array<std::uint8_t, 4> learns = {1, 0, 1, 0};
  PassContext some = asleep(true);
  some.learns = learns;
  const Change found = narrow.run("dfc", kNoNoiseThere, some);
  const Change all = narrow.run("dfc", kNoNoiseThere, asleep(true));
  for (const std::size_t i : {0, 2}) EXPECT_EQ(found.W[i], all.W[i]);
  for (const std::size_t i : {1, 3}) EXPECT_EQ(found.W[i], Numbers(found.W[i].size(), 0.0));
}

TEST(NarrowOutput, KeepsTheStateInWhichSamplesEnd) {
  const Toy toy = wide();
  Bench<double> narrow(toy, "dfc", kNoNoiseThere), full(toy, "dfc", kNoNoiseThere);
  for (Bench<double>* bench : {&narrow, &full}) bench->minibatch().keep_controlled(true);
  narrow.run("dfc", kNoNoiseThere, asleep(true));
  full.run("dfc", kNoNoiseThere, asleep(false));
  const BatchState<double>&one = narrow.minibatch().state(), &other = full.minibatch().state();
  for (std::size_t i = 1; i <= 4; ++i) {
    const std::size_t stride = row_stride<double>(toy.spec.units[i]);
    for (std::size_t row = 0; row < toy.batch; ++row) {
      EXPECT_EQ(one.controlled[row], 1);
      const auto units = static_cast<std::ptrdiff_t>(toy.spec.units[i]);
      const double* a = one.controlled_v[i].data() + row * stride;
      const double* b = other.controlled_v[i].data() + row * stride;
      EXPECT_LT(deviation(Numbers(a, a + units), Numbers(b, b + units)), 1e-10);
    }
  }
}

TEST(NarrowOutput, IsTheSameBitsForAnyNumberOfThreads) {
  const Toy toy = wide(150, 100);
  Pool two(2);
  Bench<float> one(toy, "dfc", kNoNoiseThere), other(toy, "dfc", kNoNoiseThere, two);
  EXPECT_EQ(one.run("dfc", kNoNoiseThere, asleep(true)).W, other.run("dfc", kNoNoiseThere, asleep(true)).W);
}

// Where the coordinates do not do, nothing changes, to the bit.
TEST(NarrowOutput, StaysAwayFromOtherNetworks) {
  const auto expect_same_bits = [](const Toy& toy, const auto& change) {
    Bench<double> asked(toy, "dfc", kNoNoiseThere), full(toy, "dfc", kNoNoiseThere);
    for (Bench<double>* bench : {&asked, &full}) change(bench->network());
    EXPECT_EQ(asked.run("dfc", kNoNoiseThere, asleep(true)).W,
              full.run("dfc", kNoNoiseThere, asleep(false)).W);
  };
  const auto nothing = [](Network<double>&) {};
  const Toy toy = wide();
  expect_same_bits(toy, [](Network<double>& network) { network.weights("feedback", 4).set(3, 2, 1e-3); });
  expect_same_bits(toy, [](Network<double>& network) { network.weights("feedback", 4).set(3, 3, 0.9); });
  expect_same_bits(make_toy({.units = {9, 20, 10}, .batch = 5}), nothing);
  expect_same_bits(make_toy({.units = {9, 60, 70}, .batch = 5}), nothing);
  expect_same_bits(make_toy({.units = {9, 20, 70}, .output = Activation::tanh, .batch = 5}), nothing);
}

TEST(NarrowOutput, IsOfferedByTheCardWhereTheOutputIsQuiet) {
  const auto quiet = [](const Overrides& overrides) {
    std::vector<bool> passes;
    for (const Pass& pass : rule_named("dfc", "test").card().configured(settings_of("dfc", overrides)).passes)
      passes.push_back(pass.quiet_output);
    return passes;
  };
  EXPECT_EQ(quiet({}), std::vector<bool>(4, false));
  EXPECT_EQ(quiet(kNoNoiseThere), (std::vector<bool>{true, true, false, true}));
  EXPECT_EQ(quiet({{"sigma_fb", 0.0}}), (std::vector<bool>{true, true, false, true}));
  EXPECT_EQ(quiet(with("sleep", "correlated")), std::vector<bool>(4, false));
}

}  // namespace
}  // namespace apical
