#include "probes/alignment.h"

#include <gtest/gtest.h>

#include <cmath>

#include "probes/small_network.h"

namespace apical {
namespace {

// Weights [1, 2] and a bias, as a minibatch of a 2-1 network would propose them.
GroupDelta<double> update(double w0, double w1, double bias) {
  GroupDelta<double> delta;
  delta.weights.emplace_back(panel_size<double>(1, 2));
  delta.bias.emplace_back(padded<double>(1));
  delta.weights[0][panel_index<double>(1, 2, 0, 0)] = w0;
  delta.weights[0][panel_index<double>(1, 2, 0, 1)] = w1;
  delta.bias[0][0] = bias;
  return delta;
}

TEST(UpdateAngle, IsTheOneComputedByHand) {
  // (3, 4) and (4, 3): cos = 24/25; with the biases 12 and 0: cos = 24/(13 · 5)
  const UpdateComparison compared = compare_updates(update(3, 4, 12), update(4, 3, 0));
  EXPECT_NEAR(compared.layers[0].angle(), 16.260204708311957, 1e-12);
  EXPECT_NEAR(compared.layers[0].ratio(), 1, 1e-15);
  EXPECT_NEAR(compared.network.angle(), 68.33181534423083, 1e-12);
  EXPECT_NEAR(compared.network.ratio(), 2.6, 1e-15);
}

TEST(UpdateAngle, IsRightBetweenOrthogonalAndStraightBetweenOppositeUpdates) {
  EXPECT_NEAR(compare_updates(update(2, 0, 0), update(0, 3, 0)).layers[0].angle(), 90, 1e-12);
  EXPECT_NEAR(compare_updates(update(1, 2, 0), update(-2, -4, 0)).layers[0].angle(), 180, 1e-12);
  EXPECT_NEAR(compare_updates(update(1, 2, 0), update(-2, -4, 0)).layers[0].ratio(), 0.5, 1e-15);
}

TEST(UpdateAngle, ResolvesDirectionsThatDoublePrecisionTakesForTheSame) {
  // the angle's tangent is 1e-8, its cosine 1 − 5e-17, which double precision rounds to 1
  EXPECT_NEAR(compare_updates(update(1, 0, 0), update(1, 1e-8, 0)).layers[0].angle(), 1e-8 * 180 / M_PI,
              2e-9);
}

TEST(UpdateAngle, IsNotDefinedForAnUpdateWithoutLengthOrWithoutNumbers) {
  EXPECT_TRUE(std::isnan(compare_updates(update(0, 0, 0), update(1, 2, 3)).layers[0].angle()));
  EXPECT_TRUE(std::isnan(compare_updates(update(1, 2, 3), update(0, 0, 0)).network.angle()));
  EXPECT_TRUE(std::isnan(compare_updates(update(1, 2, 3), update(0, 0, 0)).network.ratio()));
  EXPECT_EQ(compare_updates(update(0, 0, 0), update(1, 2, 3)).network.ratio(), 0);
  EXPECT_TRUE(std::isnan(compare_updates(update(NAN, 0, 0), update(1, 2, 3)).network.angle()));
}

// B_i = W_{i+1}ᵀ
template <class T>
void transport_weights(Network<T>& network) {
  for (std::size_t i = 1; i < network.depth(); ++i) {
    auto& b = network.weights("feedback", i);
    const auto& w = network.weights(i + 1);
    for (std::size_t out = 0; out < b.n_out(); ++out) {
      for (std::size_t in = 0; in < b.n_in(); ++in) b.set(out, in, w.get(in, out));
    }
  }
}

TEST(UpdateAngleProbe, FindsFeedbackAlignmentWithTransposedWeightsAtBackpropItself) {
  Fixture<double> fixture("feedback-alignment");
  transport_weights(fixture.network);
  fixture.assign();
  const ProbeValues angle = fixture.measure("update-angle"), length = fixture.measure("update-length");
  EXPECT_EQ(angle.unit, "deg");
  for (const char* where : {"network", "layer 1", "layer 2", "layer 3"}) {
    EXPECT_NEAR(value_of(angle, where), 0, 1e-7) << where;
    EXPECT_NEAR(value_of(length, where), 1, 1e-12) << where;
  }
  EXPECT_NEAR(value_of(fixture.measure("weight-alignment"), "network"), 0, 1e-7);
}

TEST(UpdateAngleProbe, HoldsInSinglePrecision) {
  Fixture<float> fixture("feedback-alignment");
  transport_weights(fixture.network);
  fixture.assign();
  EXPECT_NEAR(value_of(fixture.measure("update-angle"), "network"), 0, 1e-4);
  EXPECT_NEAR(value_of(fixture.measure("update-length"), "network"), 1, 1e-5);
}

TEST(UpdateAngleProbe, FollowsTheWeightsAsTheyAreNow) {
  Fixture<double> fixture("backprop");
  fixture.assign();
  EXPECT_NEAR(value_of(fixture.measure("update-angle"), "layer 1"), 0, 1e-7);
  // the transposed copies of backprop are stale from here on, unless the probe remakes them
  fixture.network.weights(2).set(0, 0, -3);
  fixture.network.weights(3).set(1, 1, 5);
  fixture.minibatch.assign(*rule_named("backprop", "test").make<double>(fixture.settings), {}, fixture.size,
                           fixture.source);
  EXPECT_GT(value_of(fixture.measure("update-angle"), "layer 1"), 1);
}

TEST(UpdateAngleProbe, LeavesHiddenLayersThatDoNotLearnUndefined) {
  Fixture<double> fixture("shallow");
  fixture.assign();
  const ProbeValues angle = fixture.measure("update-angle");
  EXPECT_TRUE(std::isnan(value_of(angle, "layer 1")));
  EXPECT_NEAR(value_of(angle, "layer 3"), 0, 1e-7);
  EXPECT_GT(value_of(angle, "network"), 1);
  EXPECT_LT(value_of(angle, "network"), 90);
}

TEST(WeightAlignment, ComparesDirectFeedbackWithThePathThroughAllLayersAbove) {
  Fixture<double> fixture("dfa");
  // (W_3 W_2)ᵀ and W_3ᵀ, summed by hand
  const auto &w2 = fixture.network.weights(2), &w3 = fixture.network.weights(3);
  for (std::size_t unit = 0; unit < 5; ++unit) {
    for (std::size_t out = 0; out < 2; ++out) {
      double path = 0;
      for (std::size_t k = 0; k < 3; ++k) path += w3.get(out, k) * w2.get(k, unit);
      fixture.network.weights("feedback", 1).set(unit, out, 2 * path);
    }
  }
  for (std::size_t unit = 0; unit < 3; ++unit) {
    for (std::size_t out = 0; out < 2; ++out)
      fixture.network.weights("feedback", 2).set(unit, out, -w3.get(out, unit));
  }
  fixture.assign();
  const ProbeValues alignment = fixture.measure("weight-alignment");
  EXPECT_NEAR(value_of(alignment, "layer 1"), 0, 1e-7);
  EXPECT_NEAR(value_of(alignment, "layer 2"), 180, 1e-7);
}

TEST(WeightAlignment, IsNearlyRightForRandomFeedback) {
  Fixture<double> fixture("dfc");
  fixture.assign();
  const double angle = value_of(fixture.measure("weight-alignment"), "network");
  EXPECT_GT(angle, 30);
  EXPECT_LT(angle, 150);
}

}  // namespace
}  // namespace apical
