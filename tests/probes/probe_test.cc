#include "probes/probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "probes/non_finite.h"
#include "probes/settling.h"
#include "probes/small_network.h"

namespace apical {
namespace {

TEST(Probes, HaveNamesOfTheirOwnAndSayWhatTheyMeasure) {
  std::set<std::string> names;
  for (const ProbeInfo& probe : all_probes()) {
    EXPECT_TRUE(names.insert(probe.name).second) << probe.name;
    EXPECT_FALSE(probe.meaning.empty()) << probe.name;
    EXPECT_FALSE(probe.cost.empty()) << probe.name;
    EXPECT_GE(probe.every, 0) << probe.name;
  }
}

TEST(Probes, AMisspeltNameIsAnsweredWithTheNearest) {
  try {
    probe_named("update-angel", "recipe.toml:7");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                testing::AllOf(testing::HasSubstr("recipe.toml:7"), testing::HasSubstr("update-angle")));
  }
}

TEST(Probes, EveryProbeThatAppliesToARuleMeasuresItInBothPrecisions) {
  for (const char* id : {"backprop", "feedback-alignment", "dfa", "shallow", "dfc", "dfc-ss", "dfc-ssa"}) {
    Fixture<double> twice(id);
    Fixture<float> single(id);
    twice.assign();
    single.assign();
    for (const ProbeInfo& probe : all_probes()) {
      if (!probe.applies_to(twice.card)) continue;
      const ProbeValues exact = twice.measure(probe.name), rounded = single.measure(probe.name);
      EXPECT_FALSE(exact.values.empty()) << id << ", " << probe.name;
      ASSERT_EQ(exact.values.size(), rounded.values.size()) << id << ", " << probe.name;
      EXPECT_EQ(exact.unit, probe.unit);
      for (std::size_t i = 0; i < exact.values.size(); ++i)
        EXPECT_EQ(exact.values[i].first, rounded.values[i].first);
    }
  }
}

TEST(Probes, ChangeNeitherWeightsNorTheProposedUpdate) {
  Fixture<double> fixture("dfc-ss");
  fixture.assign();
  const auto snapshot = [&] {
    std::vector<double> all;
    for (const auto& [group, matrices] : fixture.network.all_groups()) {
      for (const auto& w : matrices) all.insert(all.end(), w.panels(), w.panels() + w.panels_size());
    }
    for (const auto& weights : fixture.minibatch.delta().weights)
      all.insert(all.end(), weights.data(), weights.data() + weights.size());
    for (const auto& bias : fixture.minibatch.delta().bias)
      all.insert(all.end(), bias.data(), bias.data() + bias.size());
    return all;
  };
  const std::vector<double> before = snapshot();
  const Marks marks = fixture.minibatch.marks();
  for (const ProbeInfo& probe : all_probes()) fixture.measure(probe.name);
  EXPECT_EQ(snapshot(), before);
  EXPECT_EQ(fixture.minibatch.marks(), marks);
}

TEST(StabilityProbes, HaveNothingToSayWhereNothingSettled) {
  Fixture<double> fixture("lcp-di");
  for (const char* probe : {"stability", "stability-controlled", "divergence"})
    EXPECT_TRUE(fixture.measure(probe).values.empty()) << probe;
  fixture.assign();
  for (const char* probe : {"stability", "stability-controlled", "divergence"})
    EXPECT_FALSE(fixture.measure(probe).values.empty()) << probe;
}

TEST(SettlingProbes, ApplyToRulesThatSettleInTimeOnly) {
  const auto applies = [](const char* id) {
    return probe_named("settling-time", "test").applies_to(rule_named(id, "test").card());
  };
  EXPECT_TRUE(applies("dfc"));
  EXPECT_TRUE(applies("dfc-ss"));
  EXPECT_FALSE(applies("dfc-ssa"));
  EXPECT_FALSE(applies("backprop"));
}

TEST(SettlingSummary, CountsSharesAndTakesQuantilesOfTheNearestRank) {
  Fixture<double> fixture("dfc-ss", 4);
  BatchState<double>& state = fixture.minibatch.state();
  state.size = 4;
  state.has_settled = true;
  state.settled = {{.residual = 3e-6, .time = 10, .converged = true},
                   {.residual = 1e-6, .time = 30, .converged = true},
                   {.residual = 2.0, .time = 100, .diverged = true},
                   {.residual = 2e-6, .time = 20, .converged = true}};
  const SettlingSummary summary = summarise_settling(state);
  EXPECT_EQ(summary.samples, 4u);
  EXPECT_EQ(summary.converged, 0.75);
  EXPECT_EQ(summary.diverged, 0.25);
  EXPECT_EQ(summary.time_median, 20);
  EXPECT_EQ(summary.time_late, 100);
  EXPECT_EQ(summary.residual_median, 2e-6);
  EXPECT_EQ(summary.residual_largest, 2.0);
}

TEST(SettlingSummary, AResidualThatIsNoNumberIsTheLargest) {
  Fixture<double> fixture("dfc-ss", 2);
  BatchState<double>& state = fixture.minibatch.state();
  state.size = 2;
  state.has_settled = true;
  state.settled = {{.residual = std::numeric_limits<double>::quiet_NaN(), .diverged = true},
                   {.residual = 1.0}};
  EXPECT_TRUE(std::isnan(summarise_settling(state).residual_largest));
  EXPECT_EQ(summarise_settling(state).residual_median, 1.0);
}

TEST(SettlingSummary, IsNotDefinedWhereNothingSettled) {
  Fixture<double> fixture("backprop");
  fixture.assign();
  EXPECT_TRUE(std::isnan(summarise_settling(fixture.minibatch.state()).converged));
}

TEST(NonFinite, CountsNothingInAHealthyNetwork) {
  Fixture<float> fixture("dfa");
  fixture.assign();
  for (const auto& [where, count] : fixture.measure("non-finite").values) EXPECT_EQ(count, 0) << where;
}

TEST(NonFinite, SaysInWhichLayerAndTermTheNumbersBroke) {
  Fixture<float> fixture("dfa");
  fixture.network.weights(2).set(1, 2, std::numeric_limits<double>::quiet_NaN());
  fixture.network.weights("feedback", 1).set(0, 0, std::numeric_limits<double>::infinity());
  fixture.assign();
  const ProbeValues counts = fixture.measure("non-finite");
  EXPECT_EQ(value_of(counts, "W2"), 1);
  EXPECT_EQ(value_of(counts, "feedback1"), 1);
  EXPECT_EQ(value_of(counts, "W1"), 0);
  EXPECT_EQ(value_of(counts, "voltages of layer 1"), 0);
  EXPECT_EQ(value_of(counts, "voltages of layer 2"), 20);
  EXPECT_EQ(value_of(counts, "losses"), 20);
  EXPECT_EQ(value_of(counts, "update of W3"), 3 * 2);
  double sum = 0;
  for (const auto& [where, count] : counts.values) sum += where == "network" ? 0 : count;
  EXPECT_EQ(value_of(counts, "network"), sum);
}

}  // namespace
}  // namespace apical
