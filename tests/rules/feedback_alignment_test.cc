#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/worked_example.h"

namespace apical {
namespace {

using ::testing::DoubleNear;
using ::testing::Pointwise;

TEST(FeedbackAlignment, ThroughTransposedWeightsEqualsBackprop) {
  for (int activation = 0; activation < kActivations; ++activation) {
    const Toy toy = make_toy({.hidden = static_cast<Activation>(activation), .batch = 19});
    Bench<double> bench(toy, "feedback-alignment");
    const Change random = bench.run("feedback-alignment");
    for (std::size_t i = 1; i < toy.spec.depth(); ++i) {
      auto& b = bench.network().weights("feedback", i);
      for (std::size_t j = 0; j < b.n_out(); ++j) {
        for (std::size_t k = 0; k < b.n_in(); ++k) b.set(j, k, bench.network().weights(i + 1).get(k, j));
      }
    }
    const Change backprop = bench.run("backprop");
    EXPECT_LT(deviation(bench.run("feedback-alignment"), backprop), 1e-12)
        << to_string(toy.spec.activations[0]);
    // random feedback gives other hidden updates, and the same read-out
    EXPECT_GT(deviation(random.W[0], backprop.W[0]), 0.1);
    EXPECT_LT(deviation(random.W.back(), backprop.W.back()), 1e-15);
  }
}

TEST(FeedbackAlignment, ErrorRunsDownTheChainLayerByLayer) {
  // δ_1 = B_1 B_2 δ_3 in a linear network: direct feedback would not see B_1
  const Toy toy = make_toy({.units = {2, 2, 2, 2}, .hidden = Activation::linear, .batch = 1});
  Bench<double> bench(toy, "feedback-alignment");
  const Change before = bench.run("feedback-alignment");
  for (std::size_t j = 0; j < 2; ++j) {
    for (std::size_t k = 0; k < 2; ++k) {
      auto& b = bench.network().weights("feedback", 2);
      b.set(j, k, -3 * b.get(j, k));
    }
  }
  const Change after = bench.run("feedback-alignment");
  for (std::size_t i = 0; i < 2; ++i) {
    Numbers scaled = before.W[i];
    for (double& value : scaled) value *= -3;
    EXPECT_LT(deviation(after.W[i], scaled), 1e-14);
  }
}

TEST(FeedbackAlignmentByHand, TwoThreeTwo) {
  const Toy toy = worked_example();
  Bench<double> bench(toy, "feedback-alignment");
  set_worked_weights(bench.network());
  bench.network().weights("feedback", 1).set_values(Numbers{2, 1, 1, 3, 1, 1});
  const Change change = bench.run("feedback-alignment");
  // δ1 = B δ2 ⊙ φ' = (2 − 1, 1 − 3, 1 − 1) ⊙ (1, 1, 0) = (1, −2, 0)
  EXPECT_THAT(change.W[0], Pointwise(DoubleNear(1e-15), Numbers{-1, -2, 2, 4, 0, 0}));
  EXPECT_THAT(change.W[1], Pointwise(DoubleNear(1e-15), Numbers{-1, -2, 0, 1, 2, 0}));
}

}  // namespace
}  // namespace apical
