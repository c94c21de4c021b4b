// Settling steps whose products multiply numbers rounded to bfloat16, against the same in float64: the update keeps its direction and size.
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>

#include "network/naive.h"

namespace apical {
namespace {

// The same weights to the bit.
void copy_weights(const Network<float>& from, Network<double>& to) {
  for (const auto& [group, matrices] : from.all_groups()) {
    for (const auto& w : matrices) {
      to.weights(group, w.layer()).set_values(w.values());
      if (w.has_bias()) to.weights(group, w.layer()).set_bias_values(w.bias_values());
    }
  }
  to.refresh_transposes();
}

// Largest relative deviation of an array from another one, over the layers.
double worst(const Change& change, const Change& expected) {
  double most = 0;
  for (std::size_t i = 0; i < expected.W.size(); ++i) {
    most = std::max(most, deviation(change.W[i], expected.W[i]));
    if (!expected.b[i].empty()) most = std::max(most, deviation(change.b[i], expected.b[i]));
  }
  return most;
}

struct Case {
  const char *name, *rule;
  Overrides settings;
  PassContext pass = {};
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class Bfloat16 : public ::testing::TestWithParam<Case> {
 protected:
  void TearDown() override { use_kernels("auto"); }
};

TEST_P(Bfloat16, KeepsTheUpdateOfAnMnistNetworkWithinHalfAPerCentOfFloat64) {
  const Case& c = GetParam();
  const Toy toy = make_toy({.units = {784, 256, 256, 256, 10}, .batch = 21});
  Bench<double> twice(toy, c.rule);
  Bench<float> rounded(toy, c.rule);
  copy_weights(rounded.network(), twice.network());
  const Change expected = twice.run(c.rule, c.settings, c.pass);
  PassContext pass = c.pass;
  pass.factors = Factors::bfloat16;
  for (const std::string& name : available_kernels()) {
    if (name == "reference") continue;  // takes minutes
    use_kernels(name);
    const double off = worst(rounded.run(c.rule, c.settings, pass), expected);
    EXPECT_LT(off, 5e-3) << name;
    EXPECT_GT(off, 5e-4) << name << ": nothing was rounded";
  }
}

const Overrides kShort = {{"steps", std::int64_t{300}}, {"include_non_converged", true}};
// The nudge of the authors' MNIST configuration, for a minibatch of 21, and one a thousand times as far.
const Overrides kPublished = {
    {"steps", std::int64_t{300}}, {"include_non_converged", true}, {"target_step", 6e-4 * 21}};
const Overrides kFar = {
    {"steps", std::int64_t{300}}, {"include_non_converged", true}, {"target_step", 0.6 * 21}};
const Overrides kStreaming = {{"steps", std::int64_t{300}}, {"bookkeeping", "streaming"}};

INSTANTIATE_TEST_SUITE_P(Rules, Bfloat16,
                         ::testing::Values(Case{"dfc", "dfc", kPublished}, Case{"dfc_far", "dfc", kFar},
                                           Case{"dfc_streaming", "dfc", kStreaming},
                                           Case{"dfc_ss", "dfc-ss", kPublished},
                                           Case{"dfc_ss_far", "dfc-ss", kFar},
                                           Case{"strong_dfc", "strong-dfc", kShort},
                                           Case{"lcp_di", "lcp-di", {{"steps", std::int64_t{300}}}},
                                           Case{"lcp_lf", "lcp-lf", {{"steps", std::int64_t{300}}}},
                                           Case{"sleep", "dfc", {}, kSleep}),
                         [](const auto& one) { return std::string(one.param.name); });

// Deviations are what may be rounded: in absolute voltages the update is a difference of two sums that are nearly equal.
TEST(Bfloat16InAbsoluteVoltages, LosesTheUpdateThatDeviationsKeep) {
  const Toy toy = make_toy({.units = {20, 24, 24, 5}, .batch = 4});
  Bench<double> bench(toy, "dfc-ss");
  const Naive<double> naive(toy, bench.network());
  const auto rounded = [](double x) { return static_cast<double>(earlier(bfloat16(static_cast<float>(x)))); };
  for (std::size_t sample = 0; sample < toy.batch; ++sample) {
    const auto target = naive.nudged(sample, 6e-4);
    const Naive<double>::Dynamics dynamics{.k_p = 2, .alpha = 0.00139, .steps = 300};
    const auto states = naive.settle(sample, target, dynamics);
    const auto& state = states.back();
    // the two sums whose difference a hidden layer learns from, of factors as they are and rounded
    Numbers difference(24), of_rounded(24);
    const Numbers weights = bench.network().weights(2).values();
    for (std::size_t unit = 0; unit < 24; ++unit) {
      for (std::size_t k = 0; k < 24; ++k) {
        const double w = weights[unit * 24 + k], r = state.r[1][k], r_minus = states.front().r[1][k];
        difference[unit] += w * r - w * r_minus;
        of_rounded[unit] += rounded(w) * rounded(r) - rounded(w) * rounded(r_minus);
      }
    }
    EXPECT_GT(deviation(of_rounded, difference), 0.1);
  }
}

TEST(Bfloat16Weights, ThatHaveMovedAreRoundedAnew) {
  const Toy toy = make_toy({.units = {20, 24, 17, 10}});
  const PassContext rounded{.factors = Factors::bfloat16};
  const Overrides settings = {{"steps", std::int64_t{30}}, {"include_non_converged", true}};
  Bench<float> used(toy, "dfc"), fresh(toy, "dfc");
  used.run("dfc", settings, rounded);
  for (Bench<float>* bench : {&used, &fresh}) {
    for (const char* group : {"forward", "feedback"}) {
      for (auto& w : bench->network().group(group)) w.set(1, 2, 0.7);
    }
    bench->network().refresh_transposes();
  }
  const Change again = used.run("dfc", settings, rounded), once = fresh.run("dfc", settings, rounded);
  EXPECT_EQ(again.W, once.W);
  EXPECT_EQ(again.b, once.b);
}

TEST(Bfloat16Threads, DoNotChangeABit) {
  const Toy toy = make_toy({.units = {20, 40, 17, 10}, .batch = 4 * Minibatch<float>::kTileRows + 5});
  for (const char* rule : {"dfc", "dfc-ss", "strong-dfc", "lcp-lf"}) {
    for (const PassContext& pass : {PassContext{}, kSleep}) {
      const Card card = rule_named(rule, "test").card();
      if (pass.pass == "sleep" && std::string_view(rule) != "dfc") continue;
      PassContext rounded = pass;
      rounded.factors = Factors::bfloat16;
      const Overrides settings = {{"steps", std::int64_t{30}}};
      Pool one(1), three(3);
      Bench<float> alone(toy, rule, {}, one), shared(toy, rule, {}, three);
      const Change here = alone.run(rule, settings, rounded), there = shared.run(rule, settings, rounded);
      EXPECT_EQ(here.W, there.W) << rule;
      EXPECT_EQ(here.b, there.b) << rule;
    }
  }
}

}  // namespace
}  // namespace apical
