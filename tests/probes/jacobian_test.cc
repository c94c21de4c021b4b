#include "probes/jacobian.h"

#include <gtest/gtest.h>

#include "probes/small_network.h"

namespace apical {
namespace {

constexpr std::size_t kRows = 18;

// r_L of every sample when the voltage of one unit is moved by a step, through its bias.
std::vector<double> outputs_with(Fixture<double>& fixture, std::size_t layer, std::size_t unit, double step) {
  fixture.network.weights(layer).bias()[unit] += step;
  fixture.minibatch.predict(kRows, fixture.source);
  fixture.network.weights(layer).bias()[unit] -= step;
  std::vector<double> outputs;
  for (std::size_t row = 0; row < kRows; ++row) {
    for (std::size_t out = 0; out < 2; ++out)
      outputs.push_back(fixture.minibatch.state().rate[3][row * row_stride<double>(2) + out]);
  }
  return outputs;
}

TEST(OutputJacobian, IsTheSlopeOfFiniteDifferencesForEverySampleAndUnit) {
  Fixture<double> fixture("backprop", kRows);
  fixture.assign();
  const OutputJacobian jacobian = output_jacobian(fixture.network, fixture.minibatch.state());
  ASSERT_EQ(jacobian.samples, kRows);
  ASSERT_EQ(jacobian.outputs, 2u);
  ASSERT_EQ(jacobian.units, 5u + 3u + 2u);

  constexpr double kStep = 1e-5;
  std::size_t column = 0;
  double largest = 0;
  for (std::size_t layer = 1; layer <= 3; ++layer) {
    for (std::size_t unit = 0; unit < fixture.network.units(layer); ++unit, ++column) {
      const auto above = outputs_with(fixture, layer, unit, kStep),
                 below = outputs_with(fixture, layer, unit, -kStep);
      for (std::size_t row = 0; row < kRows; ++row) {
        for (std::size_t out = 0; out < 2; ++out) {
          const double slope = (above[row * 2 + out] - below[row * 2 + out]) / (2 * kStep);
          ASSERT_NEAR(jacobian.at(row, out, column), slope, 1e-9)
              << "layer " << layer << ", unit " << unit << ", sample " << row;
          largest = std::max(largest, std::abs(slope));
        }
      }
    }
  }
  EXPECT_GT(largest, 0.1);
}

TEST(OutputJacobian, OfSinglePrecisionIsCloseToThatOfDouble) {
  Fixture<double> fixture("backprop");
  Fixture<float> single("backprop");
  fixture.assign();
  single.assign();
  const auto exact = output_jacobian(fixture.network, fixture.minibatch.state());
  const auto rounded = output_jacobian(single.network, single.minibatch.state());
  ASSERT_EQ(exact.values.size(), rounded.values.size());
  for (std::size_t i = 0; i < exact.values.size(); ++i) ASSERT_NEAR(rounded.values[i], exact.values[i], 2e-6);
}

}  // namespace
}  // namespace apical
