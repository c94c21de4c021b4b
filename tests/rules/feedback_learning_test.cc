// The sleep phase of Deep Feedback Control: one update against plain loops, and what many of them do to the
// feedback weights.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Eigen/LU>

#include "apical/optimizer.h"
#include "probes/jacobian.h"
#include "rules/trajectory.h"

namespace apical {
namespace {

using LongNaive = Naive<long double>;

struct Case {
  const char* name;
  const char* reading;
  const char* transmission;
  double k_p, tau_a, sigma, sigma_output;
};

constexpr std::int64_t kStates = 43;
constexpr double kAlpha = 0.5, kDt = 0.004, kTauV = 0.012;

Overrides overrides_of(const Case& c) {
  return {{"reading", c.reading}, {"transmission_fb", c.transmission},
          {"k_p_fb", c.k_p},      {"tau_a_fb", c.tau_a},
          {"sigma_fb", c.sigma},  {"sigma_output_fb", c.sigma_output},
          {"alpha_fb", kAlpha},   {"dt_fb", kDt},
          {"tau_v_fb", kTauV},    {"steps_fb", kStates}};
}

class Sleep : public ::testing::TestWithParam<Case> {
 protected:
  Toy toy_ = make_toy({.units = {5, 7, 6, 3}, .batch = 18});
  Bench<double> bench_{toy_, "dfc"};

  double factor() const {
    const double floored = std::max(GetParam().sigma, 0.01);
    return std::string(GetParam().reading) == "code" ? 1 / (floored * floored) : 1;
  }
  // ΔQ_i = −s/((T'−1) B) Σ_t v_fb(t) u(t+dt)ᵀ, of one sample's states.
  template <class States>
  void add(Change& change, const States& states) const {
    for (std::size_t t = 0; t + 1 < states.size(); ++t) {
      for (std::size_t i = 1; i <= toy_.spec.depth(); ++i) {
        for (std::size_t j = 0; j < toy_.spec.units[i]; ++j) {
          for (std::size_t k = 0; k < toy_.outputs(); ++k) {
            change.W[i - 1][j * toy_.outputs() + k] -=
                factor() / static_cast<double>(kStates - 1) / static_cast<double>(toy_.batch) *
                static_cast<double>(states[t].v_fb[i][j] * states[t + 1].u[k]);
          }
        }
      }
    }
  }
  Change zero() const {
    Change change;
    for (std::size_t i = 1; i <= toy_.spec.depth(); ++i) {
      change.W.emplace_back(toy_.spec.units[i] * toy_.outputs());
      change.b.emplace_back();
    }
    return change;
  }
};

TEST_P(Sleep, UpdatePairsTheApicalVoltageWithTheNextControl) {
  Watching watching(toy_);
  bench_.minibatch().set_observer(&watching);
  const Change change = bench_.run("dfc", overrides_of(GetParam()), kSleep);
  Change expected = zero();
  for (std::size_t sample = 0; sample < toy_.batch; ++sample) {
    ASSERT_EQ(watching.of(sample).size(), kStates);
    add(expected, watching.of(sample));
  }
  EXPECT_LT(deviation(change, expected), 1e-12);
}

TEST_P(Sleep, UpdateUnderGivenNoiseEqualsPlainLoopsInAbsoluteNumbers) {
  DrawnNoise noise(toy_);
  bench_.minibatch().set_noise_port(&noise);
  const Change change = bench_.run("dfc", overrides_of(GetParam()), kSleep);
  const LongNaive naive(toy_, bench_.network());
  const Case& c = GetParam();
  const LongNaive::Dynamics dynamics{.k_p = c.k_p,
                                     .alpha = kAlpha,
                                     .dt = kDt,
                                     .tau_v = kTauV,
                                     .tau_a = c.tau_a,
                                     .leak_on_control = std::string(c.reading) == "code",
                                     .instantaneous = std::string(c.transmission) == "instantaneous",
                                     .proactive = false,
                                     .steps = kStates,
                                     .sigma = c.sigma,
                                     .sigma_output = c.sigma_output < 0 ? c.sigma : c.sigma_output};
  Change expected = zero();
  for (std::size_t sample = 0; sample < toy_.batch; ++sample) {
    const auto drawn = [&](int step, std::size_t layer, std::size_t unit) -> long double {
      return DrawnNoise::number(step, layer, sample, unit);
    };
    add(expected, naive.settle(sample, naive.forward(sample).r.back(), dynamics, drawn));
  }
  EXPECT_LT(deviation(change, expected), 1e-10);
}

INSTANTIATE_TEST_SUITE_P(
    Settings, Sleep,
    ::testing::Values(Case{"code", "code", "instantaneous", 0.2, 0.1, 0.05, -1},
                      Case{"sigma_below_the_floor", "code", "instantaneous", 0.2, 0.1, 0.002, -1},
                      Case{"noiseless_output", "code", "instantaneous", 0.2, 0.1, 0.05, 0},
                      Case{"delayed", "code", "delayed", 0.2, 0.1, 0.05, 0.02},
                      Case{"integral_only", "code", "instantaneous", 0, 0.1, 0.05, -1},
                      Case{"paper", "paper", "instantaneous", 0.2, -1, 0.05, -1}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(SleepNoise, OfNoStrengthLeavesFeedbackWeightsExactlyAsTheyAre) {
  const Toy toy = make_toy({.batch = 18});
  for (const char* rule : {"dfc", "dfc-ss", "dfc-ssa"}) {
    Bench<double> bench(toy, rule);
    EXPECT_GT(length(bench.run(rule, {}, kSleep)), 0);
    EXPECT_EQ(length(bench.run(rule, {{"sigma_fb", 0.0}}, kSleep)), 0) << rule;
  }
}

TEST(SleepNoise, IsAFunctionOfSeedPassAndEpoch) {
  const Toy toy = make_toy({.batch = 3});
  Bench<double> bench(toy, "dfc");
  const Change first = bench.run("dfc", {}, kSleep);
  EXPECT_EQ(bench.run("dfc", {}, kSleep).W, first.W);
  EXPECT_NE(bench.run("dfc", {}, {.pass = "sleep", .group = "feedback", .seed = 1, .epoch = 0}).W, first.W);
  EXPECT_NE(bench.run("dfc", {}, {.pass = "sleep", .group = "feedback", .seed = 0, .epoch = 1}).W, first.W);
  EXPECT_NE(
      bench.run("dfc", {}, {.pass = "feedback-pretraining", .group = "feedback", .seed = 0, .epoch = 0}).W,
      first.W);
}

TEST(SleepNoise, BelongsToTheSampleNotToItsRow) {
  Toy toy = make_toy({.units = {5, 7, 6, 3}, .batch = 20});
  toy.numbers.resize(toy.batch);
  for (std::uint32_t i = 0; i < toy.batch; ++i) toy.numbers[i] = 100 + i;
  Toy reversed = toy;
  std::reverse(reversed.numbers.begin(), reversed.numbers.end());
  std::reverse(reversed.labels.begin(), reversed.labels.end());
  for (std::size_t row = 0; row < toy.batch; ++row) {
    std::copy_n(toy.x.begin() + static_cast<std::ptrdiff_t>(row * 5), 5,
                reversed.x.end() - static_cast<std::ptrdiff_t>((row + 1) * 5));
  }
  const Change forwards = Bench<double>(toy, "dfc").run("dfc", {}, kSleep);
  EXPECT_LT(deviation(Bench<double>(reversed, "dfc").run("dfc", {}, kSleep), forwards), 1e-10);
  reversed.numbers = toy.numbers;
  EXPECT_GT(deviation(Bench<double>(reversed, "dfc").run("dfc", {}, kSleep), forwards), 1e-2);
}

// How feedback stands to the Jacobian J of the output, mean over samples.
struct Alignment {
  double share = 0;   // ‖P_J Q‖ / ‖Q‖: condition 2, satisfied at 1
  double cosine = 0;  // between Q and Jᵀ
};

Alignment alignment_of(Bench<double>& bench) {
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto samples = static_cast<Eigen::Index>(bench.toy().batch);
  bench.run("backprop");
  const OutputJacobian jacobian = output_jacobian(bench.network(), bench.minibatch().state());
  const auto n_out = static_cast<Eigen::Index>(jacobian.outputs),
             n = static_cast<Eigen::Index>(jacobian.units);
  Eigen::MatrixXd q(n, n_out);
  Eigen::Index row = 0;
  for (const auto& matrix : bench.network().group("feedback")) {
    for (std::size_t j = 0; j < matrix.n_out(); ++j, ++row) {
      for (std::size_t k = 0; k < matrix.n_in(); ++k) q(row, static_cast<Eigen::Index>(k)) = matrix.get(j, k);
    }
  }
  Alignment alignment;
  for (Eigen::Index sample = 0; sample < samples; ++sample) {
    const Eigen::Map<const RowMajor> j(jacobian.values.data() + sample * n_out * n, n_out, n);
    const Eigen::MatrixXd projected = j.transpose() * (j * j.transpose()).fullPivLu().solve(j * q);
    alignment.share += projected.norm() / q.norm() / static_cast<double>(samples);
    alignment.cosine +=
        j.transpose().cwiseProduct(q).sum() / (j.norm() * q.norm()) / static_cast<double>(samples);
  }
  return alignment;
}

class FeedbackLearning : public ::testing::TestWithParam<const char*> {};

TEST_P(FeedbackLearning, TurnsFeedbackTowardsTheTransposedJacobian) {
  const Overrides reading = {{"reading", GetParam()}};
  const Toy toy = make_toy({.units = {8, 16, 12, 4}, .batch = 32, .gain = 0.6});
  Bench<double> bench(toy, "dfc-ssa", reading);
  // what the card recommends for this reading; a rate for a small network and few minibatches
  OptimizerSettings settings;
  const Card card = rule_named("dfc-ssa", "test").card().configured(settings_of("dfc-ssa", reading));
  for (const auto& recommended : card.optimizers) {
    if (recommended.group != "feedback-pretraining") continue;
    for (const auto& [name, value] : recommended.settings) settings.set(name, value);
  }
  settings.set("learning_rate", 2e-3);
  std::vector<Tensor<double>> tensors;
  for (auto& q : bench.network().group("feedback")) {
    const int layer = static_cast<int>(q.layer()) - 1;
    const auto& delta = bench.minibatch().delta_of("feedback").weights[q.layer() - 1];
    tensors.push_back({q.name(), q.panels(), delta.data(), q.panels_size(), layer});
  }
  Optimizer<double> optimizer(settings, tensors);

  const Alignment before = alignment_of(bench);
  for (std::uint32_t minibatch = 0; minibatch < 400; ++minibatch) {
    bench.run("dfc-ssa", reading, {.pass = "sleep", .group = "feedback", .seed = 7, .epoch = minibatch});
    optimizer.step(1);
  }
  const Alignment after = alignment_of(bench);
  EXPECT_LT(before.share, 0.55);
  EXPECT_GT(after.share, 0.9);
  EXPECT_LT(before.cosine, 0.5);
  EXPECT_GT(after.cosine, 0.9);
}

INSTANTIATE_TEST_SUITE_P(Readings, FeedbackLearning, ::testing::Values("code", "paper"),
                         [](const auto& one) { return std::string(one.param); });

// --- sleep in one noisy sweep

// 2 N samples that are one and the same, each with noise in one unit, once up and once down: Σ ξ ξᵀ / B = 1 exactly, and what is of even order
// cancels.
class OneUnitAtATime final : public NoisePort<double> {
 public:
  explicit OneUnitAtATime(const Toy& toy) : toy_(toy) {}
  void fill(std::int64_t, std::size_t layer, std::size_t first_row, std::size_t rows, std::size_t stride,
            double* out) override {
    std::size_t first_unit = 0, all = 0;
    for (std::size_t i = 1; i < toy_.spec.units.size(); ++i) {
      if (i < layer) first_unit += toy_.spec.units[i];
      all += toy_.spec.units[i];
    }
    for (std::size_t row = 0; row < rows; ++row) {
      const std::size_t sample = first_row + row, unit = sample / 2;
      for (std::size_t j = 0; j < stride; ++j) {
        const bool mine = j < toy_.spec.units[layer] && first_unit + j == unit;
        out[row * stride + j] = mine ? (sample % 2 == 0 ? 1 : -1) * std::sqrt(static_cast<double>(all)) : 0;
      }
    }
  }

 private:
  const Toy& toy_;
};

TEST(CorrelatedSleep, ProposesTheTransposedJacobianUpToTheSquareOfTheNoise) {
  Toy toy = make_toy({.units = {5, 7, 6, 3}, .output = Activation::tanh, .batch = 32});
  for (std::size_t sample = 1; sample < toy.batch; ++sample) {
    std::copy_n(toy.x.begin(), 5, toy.x.begin() + static_cast<std::ptrdiff_t>(5 * sample));
    toy.labels[sample] = toy.labels[0];
  }
  for (const char* rule : {"dfc", "dfc-ss", "dfc-ssa"}) {
    Bench<double> bench(toy, rule);
    OneUnitAtATime noise(toy);
    bench.minibatch().set_noise_port(&noise);
    Numbers sizes, deviations;
    for (const double sigma : {0.001, 0.002, 0.004}) {
      const Change change = bench.run(
          rule, {{"sleep", "correlated"}, {"sigma_fb", sigma}, {"sigma_output_fb", 2 * sigma}}, kSleep);
      const OutputJacobian j = output_jacobian(bench.network(), bench.minibatch().state());
      double worst = 0;
      std::size_t first = 0;
      for (std::size_t i = 1; i <= 3; ++i) {
        Numbers transposed;
        for (std::size_t unit = 0; unit < toy.spec.units[i]; ++unit) {
          for (std::size_t o = 0; o < 3; ++o) transposed.push_back(j.at(0, o, first + unit));
        }
        worst = std::max(worst, deviation(change.W[i - 1], transposed));
        first += toy.spec.units[i];
      }
      sizes.push_back(sigma);
      deviations.push_back(worst);
    }
    EXPECT_NEAR(log_slope(sizes, deviations), 2, 0.05) << rule;
    EXPECT_LT(deviations.front(), 1e-4) << rule;
  }
}

TEST(CorrelatedSleep, LeavesALayerWithoutNoiseAlone) {
  const Toy toy = make_toy({.batch = 5});
  Bench<double> bench(toy, "dfc");
  const Change change =
      bench.run("dfc", {{"sleep", "correlated"}, {"sigma_fb", 0.1}, {"sigma_output_fb", 0.0}}, kSleep);
  EXPECT_GT(length(change.W[0]), 0);
  EXPECT_EQ(length(change.W[2]), 0);
}

}  // namespace
}  // namespace apical
