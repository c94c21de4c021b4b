// float32 in deviation coordinates keeps DFC's learning signal, a tiny difference of large numbers, however
// small the output error has become; plain float32 loses it.
#include <gtest/gtest.h>

#include "network/naive.h"

namespace apical {
namespace {

// λ and B of the authors' MNIST configuration: the step per sample is λ/B.
constexpr double kLambda = 0.07794471151, kPublishedBatch = 128;

// Makes class 0 every sample's label, and its bias so large that 1 − p of it is about `error`.
Toy with_output_error(Toy toy) {
  std::fill(toy.labels.begin(), toy.labels.end(), 0);
  return toy;
}
template <class T>
void set_output_error(Network<T>& network, double error) {
  auto& w = network.weights(network.depth());
  Numbers bias(w.n_out());
  if (error < 0.5) bias[0] = std::log(static_cast<double>(w.n_out() - 1) * (1 - error) / error);
  w.set_bias_values(bias);
  network.refresh_transposes();
}

Overrides published(std::size_t batch) {
  return {{"target_step", kLambda / kPublishedBatch * static_cast<double>(batch)}};
}

struct Case {
  const char* rule;
  double error;
};

class SinglePrecision : public ::testing::TestWithParam<Case> {};

TEST_P(SinglePrecision, KeepsTheUpdateOfAnMnistNetworkWithinAThousandthOfAPerCent) {
  const Case& c = GetParam();
  const Toy toy = with_output_error(make_toy({.units = {784, 256, 256, 256, 10}, .batch = 8}));
  Overrides settings = published(toy.batch);
  if (std::string(c.rule) != "dfc-ssa") {
    settings.emplace_back("steps", std::int64_t{300});
    settings.emplace_back("include_non_converged", true);
  }
  Bench<double> twice(toy, c.rule);
  Bench<float> single(toy, c.rule);
  set_output_error(twice.network(), c.error);
  set_output_error(single.network(), c.error);
  // the same weights to the bit
  for (const auto& [group, matrices] : single.network().all_groups()) {
    for (const auto& w : matrices) {
      twice.network().weights(group, w.layer()).set_values(w.values());
      if (w.has_bias()) twice.network().weights(group, w.layer()).set_bias_values(w.bias_values());
    }
  }
  const Change expected = twice.run(c.rule, settings), change = single.run(c.rule, settings);
  const BatchState<double>& state = twice.minibatch().state();
  double error = 0;
  for (std::size_t row = 0; row < toy.batch; ++row) {
    error -= state.loss_gradient[row * row_stride<double>(10)] / static_cast<double>(toy.batch);
  }
  EXPECT_NEAR(error / c.error, 1, 0.5);
  for (std::size_t i = 0; i < expected.W.size(); ++i) {
    EXPECT_LT(deviation(change.W[i], expected.W[i]), 1e-5) << "layer " << i + 1;
    EXPECT_LT(deviation(change.b[i], expected.b[i]), 1e-5) << "layer " << i + 1;
  }
}

INSTANTIATE_TEST_SUITE_P(Errors, SinglePrecision,
                         ::testing::Values(Case{"dfc", 1}, Case{"dfc", 0.1}, Case{"dfc", 0.01},
                                           Case{"dfc-ss", 1}, Case{"dfc-ss", 0.1}, Case{"dfc-ss", 0.01},
                                           Case{"dfc-ssa", 1}, Case{"dfc-ssa", 0.1}, Case{"dfc-ssa", 0.01}),
                         [](const auto& one) {
                           std::string name = one.param.rule;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name + "_error_1e" +
                                  std::to_string(static_cast<int>(-std::log10(one.param.error)));
                         });

// The negative control: the same equations in float32, in absolute voltages.
template <class R>
Change plain_loops(const Toy& toy, const Network<double>& network) {
  const Naive<R> naive(toy, network);
  Change change = naive.zero_change();
  for (std::size_t sample = 0; sample < toy.batch; ++sample) {
    const auto target = naive.nudged(sample, static_cast<R>(kLambda / kPublishedBatch));
    const typename Naive<R>::Dynamics dynamics{.k_p = 2, .alpha = R(0.001389044506), .steps = 100};
    for (const auto& state : naive.settle(sample, target, dynamics)) {
      for (std::size_t i = 1; i <= naive.L(); ++i) {
        naive.add_outer(change, i, R(2) / 100 / static_cast<R>(toy.batch), naive.mismatch(i, state),
                        state.r[i - 1]);
      }
    }
  }
  return change;
}

TEST(SinglePrecisionInAbsoluteVoltages, LosesTheUpdateThatDeviationsKeep) {
  const Toy toy = with_output_error(make_toy({.units = {20, 24, 24, 5}, .batch = 4}));
  Bench<float> single(toy, "dfc");
  Bench<double> twice(toy, "dfc");
  for (const double error : {0.1, 0.01}) {
    Bench<double> fresh(toy, "dfc");
    set_output_error(fresh.network(), error);
    for (std::size_t i = 1; i <= 3; ++i) {
      single.network().weights(i).set_values(fresh.network().weights(i).values());
      single.network().weights(i).set_bias_values(fresh.network().weights(i).bias_values());
      single.network().weights("feedback", i).set_values(fresh.network().weights("feedback", i).values());
      twice.network().weights(i).set_values(single.network().weights(i).values());
      twice.network().weights(i).set_bias_values(single.network().weights(i).bias_values());
      twice.network().weights("feedback", i).set_values(single.network().weights("feedback", i).values());
    }
    Overrides settings = published(toy.batch);
    settings.emplace_back("steps", std::int64_t{100});
    settings.emplace_back("include_non_converged", true);
    const Change exact = plain_loops<long double>(toy, twice.network());
    EXPECT_LT(deviation(twice.run("dfc", settings), exact), 1e-9);
    EXPECT_LT(deviation(single.run("dfc", settings), exact), 1e-5);
    EXPECT_GT(deviation(plain_loops<float>(toy, twice.network()), exact), error < 0.05 ? 0.1 : 3e-3);
  }
}

}  // namespace
}  // namespace apical
