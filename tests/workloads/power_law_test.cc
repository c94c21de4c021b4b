// Exponents recovered from data made with known ones; the shapes that are swept.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "apical/error.h"
#include "workloads/shapes.h"

namespace apical::workloads {
namespace {

const std::vector<double> kSizes = {64, 128, 256, 512, 1024};

std::vector<double> powers(double factor, double exponent) {
  std::vector<double> y;
  for (const double x : kSizes) y.push_back(factor * std::pow(x, exponent));
  return y;
}

TEST(PowerLaw, ExponentAndFactorComeBack) {
  for (const double exponent : {-1.0, 0.0, 0.5, 1.0, 2.0, 3.0}) {
    const PowerLaw law = fit_power_law(kSizes, powers(0.37, exponent));
    EXPECT_NEAR(law.exponent, exponent, 1e-12);
    EXPECT_NEAR(law.factor, 0.37, 1e-9);
  }
}

// With multiplicative noise of s.d. s the slope's own s.d. is s / √Σ(log x − mean)² = s / (log 2 · √10).
TEST(PowerLaw, NoiseMovesTheExponentByNoMoreThanItsOwnSpread) {
  std::mt19937_64 generator(3);
  std::normal_distribution<double> normal(0, 0.05);
  std::vector<double> y = powers(2, 2);
  for (double& value : y) value *= std::exp(normal(generator));
  EXPECT_NEAR(fit_power_law(kSizes, y).exponent, 2, 4 * 0.05 / (std::log(2) * std::sqrt(10)));
  EXPECT_GT(std::abs(fit_power_law(kSizes, y).exponent - 2), 1e-6);
}

TEST(PowerLaw, WhatHasNoExponentIsNaN) {
  EXPECT_TRUE(std::isnan(fit_power_law({}, {}).exponent));
  const std::vector<double> same = {2, 2}, two = {1, 3}, zero = {0, 3}, nan = {1, std::nan("")};
  EXPECT_TRUE(std::isnan(fit_power_law(same, two).exponent));
  EXPECT_TRUE(std::isnan(fit_power_law(two, zero).exponent));
  EXPECT_TRUE(std::isnan(fit_power_law(two, nan).exponent));
}

const ShapeSeries& named(const std::vector<ShapeSeries>& all, const std::string& name) {
  return *std::find_if(all.begin(), all.end(),
                       [&](const ShapeSeries& series) { return series.name == name; });
}

TEST(Shapes, EverySweepChangesOneThing) {
  const auto all = shapes_of("dfc-dynamics", {.steps = 400});
  ASSERT_EQ(all.size(), 5u);
  EXPECT_EQ(named(all, "width").points.back().options.layers,
            (std::vector<std::size_t>{784, 1024, 1024, 1024, 10}));
  EXPECT_EQ(named(all, "depth").points.front().options.layers, (std::vector<std::size_t>{784, 256, 10}));
  EXPECT_EQ(named(all, "depth").points.back().options.layers.size(), 11u);
  EXPECT_EQ(named(all, "batch").points.back().options.batch, 1024u);
  EXPECT_EQ(named(all, "steps").points.front().options.steps, 50);
  EXPECT_EQ(named(all, "odd width").points[1].options.layers[2], 37u);
  EXPECT_EQ(shapes_of("backprop", {}).size(), 4u);
  EXPECT_THROW(shapes_of("backprop", {.layers = {784, 10}}), Error);
}

// The arithmetic of a step is linear in the minibatch; in the width it lies between the input layer's 1 and the hidden layers' 2.
TEST(Shapes, ExponentsOfTheArithmeticAreTheFormulas) {
  auto all = shapes_of("backprop", {});
  for (ShapeSeries& series : all) {
    for (ShapePoint& point : series.points) {
      const auto& n = point.options.layers;
      double products = 0;
      for (std::size_t i = 1; i < n.size(); ++i)
        products += static_cast<double>(n[i] * n[i - 1]) * (i > 1 ? 3 : 2);
      point.necessary_flops = 2 * products * static_cast<double>(point.options.batch);
      point.measured.milliseconds = 1e-6 * point.necessary_flops;
    }
    EXPECT_NEAR(series.time().exponent, series.arithmetic().exponent, 1e-12) << series.name;
  }
  EXPECT_NEAR(named(all, "batch").arithmetic().exponent, 1, 1e-12);
  EXPECT_GT(named(all, "width").arithmetic().exponent, 1);
  EXPECT_LT(named(all, "width").arithmetic().exponent, 2);
}

}  // namespace
}  // namespace apical::workloads
