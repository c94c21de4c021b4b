// Whether two means agree: an equivalence test, which can say yes, no, and that it cannot tell.
#pragma once

#include <cstdint>
#include <span>

namespace apical {

// Mean and sample standard deviation (n − 1) of n numbers. n = 0 or sd = 0: a number without a known spread.
struct Sample {
  double mean = 0, sd = 0;
  std::int64_t n = 0;

  static Sample of(std::span<const double> values);
};

// Two one-sided Welch t-tests (Schuirmann 1987) of the difference of means against ±margin, each at 5 %.
struct Equivalence {
  double difference = 0;  // ours − published
  double margin = 0;
  double degrees = 0;        // Welch and Satterthwaite's degrees of freedom
  double low = 0, high = 0;  // 90 % confidence interval of the difference
  double p = 1;              // of the larger one-sided test

  bool equivalent() const { return -margin < low && high < margin; }  // the interval lies within the margin
  bool different() const { return high < -margin || margin < low; }   // the interval lies outside of it
};

// Ours needs two numbers at least, and one of both samples a spread above 0; otherwise everything but the difference is NaN.
Equivalence equivalence_test(const Sample& ours, const Sample& published, double margin);

}  // namespace apical
