#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "network/naive.h"
#include "rules/worked_example.h"

namespace apical {
namespace {

using ::testing::DoubleNear;
using ::testing::Pointwise;

struct Case {
  Activation activation;
  Loss loss;
  std::size_t batch;
  bool biases, regression;
};

class Backprop : public ::testing::TestWithParam<Case> {};

// A minibatch whose units are far enough from the corner of a relu for the step of the differences.
Toy smooth_toy(ToySpec spec) {
  for (spec.seed = 1;; ++spec.seed) {
    Toy toy = make_toy(spec);
    Bench<double> bench(toy);
    if (Naive<long double>(toy, bench.network()).nearest_corner() > 1e-3L) return toy;
  }
}

TEST_P(Backprop, EqualsCentralDifferencesOfTheLoss) {
  const Case& c = GetParam();
  const Toy toy = smooth_toy({.units = {4, 5, 4, 3},
                              .hidden = c.activation,
                              .output = c.activation,
                              .loss = c.loss,
                              .batch = c.batch,
                              .biases = c.biases,
                              .regression = c.regression});
  Bench<double> bench(toy);
  const Change change = bench.run("backprop");
  Naive<long double> naive(toy, bench.network());
  EXPECT_NEAR(bench.minibatch().mean_loss(), static_cast<double>(naive.mean_loss()), 1e-14);
  EXPECT_LT(deviation(change, naive.descent()), 1e-9);
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (int activation = 0; activation < kActivations; ++activation) {
    for (const Loss loss : {Loss::cross_entropy, Loss::mean_squared_error, Loss::half_squared_error}) {
      // 17 samples: one tile and a tail of one row
      for (const std::size_t batch : {std::size_t{1}, std::size_t{17}}) {
        for (const bool biases : {true, false}) {
          const bool regression = loss != Loss::cross_entropy && batch == 1;
          cases.push_back({static_cast<Activation>(activation), loss, batch, biases, regression});
        }
      }
    }
  }
  return cases;
}

std::string name_of(const ::testing::TestParamInfo<Case>& info) {
  const Case& c = info.param;
  std::string name = to_string(c.activation) + "_" + to_string(c.loss) + "_B" + std::to_string(c.batch) +
                     (c.biases ? "_biases" : "");
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Cases, Backprop, ::testing::ValuesIn(all_cases()), name_of);

TEST(BackpropOracle, SeesAFlippedSign) {
  // feedback alignment through −Wᵀ is backprop with the hidden signs wrong
  const Toy toy = make_toy({});
  Bench<double> bench(toy, "feedback-alignment");
  for (std::size_t i = 1; i < toy.spec.depth(); ++i) {
    auto& b = bench.network().weights("feedback", i);
    for (std::size_t j = 0; j < b.n_out(); ++j) {
      for (std::size_t k = 0; k < b.n_in(); ++k) b.set(j, k, -bench.network().weights(i + 1).get(k, j));
    }
  }
  const Change wrong = bench.run("feedback-alignment");
  const Change right = Naive<long double>(toy, bench.network()).descent();
  EXPECT_LT(deviation(wrong.W.back(), right.W.back()), 1e-9);
  EXPECT_NEAR(deviation(wrong.W[1], right.W[1]), 2, 1e-9);
}

TEST(BackpropByHand, TwoThreeTwo) {
  const Toy toy = worked_example();
  Bench<double> bench(toy);
  set_worked_weights(bench.network());
  const Change change = bench.run("backprop");
  // δ2 = (1, −1);  δ1 = W2ᵀ δ2 ⊙ φ' = (1, −1, 1) ⊙ (1, 1, 0) = (1, −1, 0)
  // ΔW2 = −δ2 r1ᵀ;  ΔW1 = −δ1 xᵀ
  EXPECT_DOUBLE_EQ(bench.minibatch().mean_loss(), 1);
  EXPECT_THAT(change.W[0], Pointwise(DoubleNear(1e-15), Numbers{-1, -2, 1, 2, 0, 0}));
  EXPECT_THAT(change.W[1], Pointwise(DoubleNear(1e-15), Numbers{-1, -2, 0, 1, 2, 0}));
}

}  // namespace
}  // namespace apical
