#include "apical/equivalence.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>

namespace apical {
namespace {

constexpr double kLevel = 0.05;  // of each one-sided test

// Variance of the mean, and what it brings to the degrees of freedom; 0 where the spread is not known.
double variance_of_mean(const Sample& sample) {
  return sample.n > 1 ? sample.sd * sample.sd / static_cast<double>(sample.n) : 0;
}

double share_of_degrees(const Sample& sample) {
  const double variance = variance_of_mean(sample);
  return variance > 0 ? variance * variance / static_cast<double>(sample.n - 1) : 0;
}

}  // namespace

Sample Sample::of(std::span<const double> values) {
  Sample sample{.n = static_cast<std::int64_t>(values.size())};
  for (const double value : values) sample.mean += value / static_cast<double>(values.size());
  double squares = 0;
  for (const double value : values) squares += (value - sample.mean) * (value - sample.mean);
  if (sample.n > 1) sample.sd = std::sqrt(squares / static_cast<double>(sample.n - 1));
  return sample;
}

Equivalence equivalence_test(const Sample& ours, const Sample& published, double margin) {
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  Equivalence test{.difference = ours.mean - published.mean,
                   .margin = margin,
                   .degrees = kUnknown,
                   .low = kUnknown,
                   .high = kUnknown,
                   .p = kUnknown};
  const double variance = variance_of_mean(ours) + variance_of_mean(published);
  if (ours.n < 2 || !(variance > 0) || !std::isfinite(test.difference)) return test;
  test.degrees = variance * variance / (share_of_degrees(ours) + share_of_degrees(published));
  const double error = std::sqrt(variance);
  const boost::math::students_t t(test.degrees);
  const double reach = boost::math::quantile(boost::math::complement(t, kLevel)) * error;
  test.low = test.difference - reach;
  test.high = test.difference + reach;
  const double below = boost::math::cdf(boost::math::complement(t, (test.difference + margin) / error));
  const double above = boost::math::cdf(t, (test.difference - margin) / error);
  test.p = std::max(below, above);
  return test;
}

}  // namespace apical
