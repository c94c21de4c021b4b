#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/worked_example.h"

namespace apical {
namespace {

using ::testing::DoubleNear;
using ::testing::Pointwise;

// G_i = (W_L … W_{i+1})ᵀ
void set_to_transposed_path(Network<double>& network) {
  const std::size_t L = network.depth(), n = network.units(L);
  Numbers path(n * n);
  for (std::size_t j = 0; j < n; ++j) path[j * n + j] = 1;
  for (std::size_t i = L - 1; i >= 1; --i) {
    const std::size_t rows = network.units(i), inner = network.units(i + 1);
    Numbers next(rows * n);
    for (std::size_t j = 0; j < rows; ++j) {
      for (std::size_t m = 0; m < inner; ++m) {
        for (std::size_t k = 0; k < n; ++k)
          next[j * n + k] += network.weights(i + 1).get(m, j) * path[m * n + k];
      }
    }
    network.weights("feedback", i).set_values(next);
    path = next;
  }
}

TEST(Dfa, ThroughTheTransposedPathOfALinearNetworkEqualsBackprop) {
  const Toy toy = make_toy({.units = {7, 6, 9, 5, 4}, .hidden = Activation::linear, .batch = 19});
  Bench<double> bench(toy, "dfa");
  const Change random = bench.run("dfa"), backprop = bench.run("backprop");
  set_to_transposed_path(bench.network());
  EXPECT_LT(deviation(bench.run("dfa"), backprop), 1e-12);
  EXPECT_GT(deviation(random.W[0], backprop.W[0]), 0.1);
  EXPECT_LT(deviation(random.W.back(), backprop.W.back()), 1e-15);
}

TEST(Dfa, ThroughTheTransposedPathOfATanhNetworkIsNotBackprop) {
  const Toy toy = make_toy({.batch = 19});
  Bench<double> bench(toy, "dfa");
  set_to_transposed_path(bench.network());
  EXPECT_GT(deviation(bench.run("dfa").W[0], bench.run("backprop").W[0]), 1e-3);
}

TEST(Dfa, ConventionOfTheDfcAuthorsScalesEveryLayerByTwoLambdaOverB) {
  const Toy toy = make_toy({.batch = 19});
  Bench<double> bench(toy, "dfa");
  Change standard = bench.run("dfa");
  for (auto* list : {&standard.W, &standard.b}) {
    for (Numbers& values : *list) {
      for (double& value : values) value *= 2 * 0.03 / 19;
    }
  }
  EXPECT_LT(deviation(bench.run("dfa", {{"convention", "dfc2021"}, {"target_step", 0.03}}), standard), 1e-14);
}

TEST(DfaByHand, TwoThreeTwo) {
  const Toy toy = worked_example();
  Bench<double> bench(toy, "dfa");
  set_worked_weights(bench.network());
  bench.network().weights("feedback", 1).set_values(Numbers{2, 1, 1, 3, 1, 1});
  const Change change = bench.run("dfa");
  // δ1 = G δ2 ⊙ φ' = (2 − 1, 1 − 3, 1 − 1) ⊙ (1, 1, 0) = (1, −2, 0)
  EXPECT_THAT(change.W[0], Pointwise(DoubleNear(1e-15), Numbers{-1, -2, 2, 4, 0, 0}));
  EXPECT_THAT(change.W[1], Pointwise(DoubleNear(1e-15), Numbers{-1, -2, 0, 1, 2, 0}));
}

}  // namespace
}  // namespace apical
