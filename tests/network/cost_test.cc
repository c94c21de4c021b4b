// The multiply-adds that a step does, counted where they are done, against counts worked out by hand.
#include <gtest/gtest.h>

#include "kernels/counting.h"
#include "network/every_pass.h"
#include "network/toy.h"

namespace apical {
namespace {

using profile::Account;
using profile::Phase;
using profile::Work;

// 784-256-256-256-10 by hand: 784·256, then 256·256 twice, then 256·10.
constexpr double kInput = 200704, kUpper = 65536 + 65536 + 2560, kForward = kInput + kUpper;
// Q u: (256 + 256 + 256 + 10) · 10.
constexpr double kFeedback = 7780;
constexpr int kStates = 6;  // T; one fewer Euler steps

ToySpec mnist_net(std::size_t batch) { return {.units = {784, 256, 256, 256, 10}, .batch = batch}; }

struct Counted {
  Account account;
  Change change;
};

template <class T = float>
Counted counted(const ToySpec& spec, const std::string& rule, Overrides settings,
                const PassContext& pass = {}, unsigned threads = 1) {
  for (const Parameter& parameter : rule_named(rule, "test").card().parameters) {
    if (parameter.name == "steps") settings.emplace_back("steps", std::int64_t{kStates});
    if (parameter.name == "include_non_converged") settings.emplace_back("include_non_converged", true);
  }
  const Toy toy = make_toy(spec);
  Pool pool(threads);
  Bench<T> bench(toy, rule, settings, pool);
  CountedSpan span;
  Change change = bench.run(rule, settings, pass);
  return {span.stop(), std::move(change)};
}

double multiply_adds(const Account& account, std::size_t batch) {
  return account.all().multiply_adds / static_cast<double>(batch);
}

TEST(Cost, ControlledNetworkThatLearnsAtEachStepDoesWhatItsEquationsSay) {
  const Account account = counted(mnist_net(20), "dfc", {}).account;
  EXPECT_DOUBLE_EQ(account.settling_steps, 20 * 5);
  EXPECT_DOUBLE_EQ(account.of(Phase::feedforward).multiply_adds / 20, kForward);
  // 141 k of dynamics and 134 k of update per sample and step; the first layer's update once
  EXPECT_DOUBLE_EQ(account.of(Phase::credit).multiply_adds / account.settling_steps, 141412);
  EXPECT_DOUBLE_EQ(account.of(Phase::plasticity).multiply_adds / account.settling_steps, 133632);
  EXPECT_DOUBLE_EQ(account.of(Phase::update).multiply_adds / 20, kInput);
  EXPECT_DOUBLE_EQ(multiply_adds(account, 20), kForward + 5 * (141412 + 133632.0) + kInput);
}

TEST(Cost, NetworkThatOnlySettlesUpdatesOnce) {
  const Account account = counted(mnist_net(20), "dfc-ss", {}).account;
  EXPECT_DOUBLE_EQ(multiply_adds(account, 20), kForward + 5 * 141412.0 + kForward);
}

TEST(Cost, RulesWithoutSettlingCostTheirPasses) {
  const auto cost = [](const std::string& rule) {
    const Account account = counted(mnist_net(20), rule, {}).account;
    EXPECT_EQ(account.settling_steps, 0) << rule;
    return multiply_adds(account, 20);
  };
  EXPECT_DOUBLE_EQ(cost("backprop"), kForward + kUpper + kForward);
  EXPECT_DOUBLE_EQ(cost("feedback-alignment"), kForward + kUpper + kForward);
  EXPECT_DOUBLE_EQ(cost("dfa"), kForward + 3 * 2560 + kForward);
  EXPECT_DOUBLE_EQ(cost("shallow"), kForward + 2560);
}

TEST(Cost, AnalyticControlCarriesOneRowPerOutputThroughTheNetwork) {
  const Account account = counted(mnist_net(20), "dfc-ssa", {}).account;
  EXPECT_NEAR(multiply_adds(account, 20), kForward + 10 * kUpper + 1000.0 / 3 + kUpper + kFeedback + kForward,
              1e-6);
}

TEST(Cost, SleepLearnsFeedbackAtEachStep) {
  const Account account = counted(mnist_net(20), "dfc-ssa", {}, kSleep).account;
  EXPECT_DOUBLE_EQ(account.settling_steps, 20 * 47);
  EXPECT_DOUBLE_EQ(multiply_adds(account, 20), kForward + 47 * (kUpper + 2 * kFeedback));
  EXPECT_DOUBLE_EQ(account.of(Work::noise).elements, 20 * 47 * 778.0);
}

// 2-3-2: forward 6 + 6; Q u 6 + 4; padding of panels does not count.
TEST(Cost, SmallNetIsCountedWithoutPadding) {
  const ToySpec spec{.units = {2, 3, 2}, .batch = 5};
  EXPECT_DOUBLE_EQ(multiply_adds(counted(spec, "backprop", {}).account, 5), 12 + 6 + 12);
  EXPECT_DOUBLE_EQ(multiply_adds(counted<double>(spec, "dfa", {}).account, 5), 12 + 6 + 12);
  EXPECT_DOUBLE_EQ(multiply_adds(counted(spec, "dfc", {}).account, 5), 12 + 5 * (6 + 10 + 6) + 6);
}

TEST(Cost, CountsDoNotDependOnThreadsAndCountingChangesNoBit) {
  for (const RulePass& pass : every_pass(11)) {
    const PassContext context{.pass = pass.pass, .group = pass.group, .seed = 3, .epoch = 2};
    const ToySpec spec{.units = {40, 33, 17, 10}, .batch = 40};
    const Counted one = counted(spec, pass.rule, pass.settings, context),
                  two = counted(spec, pass.rule, pass.settings, context, 2);
    EXPECT_GT(one.account.all().multiply_adds, 0) << pass.name;
    EXPECT_EQ(one.account.all().multiply_adds, two.account.all().multiply_adds) << pass.name;
    EXPECT_EQ(one.account.settling_steps, two.account.settling_steps) << pass.name;
    const Toy toy = make_toy(spec);
    Pool pool(1);
    Overrides settings = pass.settings;
    for (const Parameter& parameter : rule_named(pass.rule, "test").card().parameters) {
      if (parameter.name == "steps") settings.emplace_back("steps", std::int64_t{kStates});
      if (parameter.name == "include_non_converged") settings.emplace_back("include_non_converged", true);
    }
    Bench<float> plain(toy, pass.rule, settings, pool);
    EXPECT_EQ(plain.run(pass.rule, settings, context).W, one.change.W) << pass.name;
  }
}

TEST(Cost, EveryKernelCallHasItsPhaseAndItsTime) {
  const Account account = counted(mnist_net(20), "dfc-ssa", {}, kSleep).account;
  for (const Phase phase :
       {Phase::data, Phase::feedforward, Phase::credit, Phase::plasticity, Phase::update}) {
    const auto index = static_cast<std::size_t>(phase);
    EXPECT_GT(account.seconds[index], 0) << profile::kPhaseNames[index];
    EXPECT_LE(account.of(phase).seconds, account.seconds[index]) << profile::kPhaseNames[index];
  }
  EXPECT_EQ(account.of(Phase::evaluation).calls, 0u);
  // the law runs over whole half panels: 256, 256, 256 and 16 numbers a sample and step
  EXPECT_EQ(account.at(Phase::credit, Work::law).elements, 20 * 47 * 784.0);
  EXPECT_EQ(account.at(Phase::credit, Work::outer_product).calls, 0u);
  EXPECT_GT(account.at(Phase::plasticity, Work::outer_product).bytes, 0);
}

TEST(Cost, NothingIsCountedOutsideOfASpan) {
  const Toy toy = make_toy({.units = {7, 6, 5}, .batch = 3});
  Bench<float> bench(toy);
  const std::string before = kernels_in_use();
  {
    CountedSpan span;
    EXPECT_EQ(kernels_in_use(), before);
    bench.run("backprop");
    EXPECT_GT(span.stop().all().calls, 0u);
    bench.run("backprop");
  }
  const CountedSpan empty;
  EXPECT_EQ(profile::stop().all().calls, 0u);
}

}  // namespace
}  // namespace apical
