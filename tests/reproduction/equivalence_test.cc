// The equivalence test against SciPy's Student t and numbers worked out by hand.
#include "apical/equivalence.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace apical {
namespace {

constexpr double kRounding = 1e-10;  // relative, of quantiles and tails of Student's t

struct Case {
  Sample ours, published;
  double margin, difference, degrees, low, high, p;
};

// scipy.stats.t.ppf, cdf and sf with Welch and Satterthwaite's degrees of freedom
const Case kCases[] = {{{2.10, .10, 5},
                        {2.08, .15, 5},
                        .28,
                        .02,
                        6.9690721649484555,
                        -0.1328478562835739,
                        0.17284785628357394,
                        0.007321388252637382},
                       {{2.40, .10, 3},
                        {2.08, .15, 5},
                        .28,
                        .32,
                        5.778940483976456,
                        0.14683124644907466,
                        0.49316875355092504,
                        0.6661133312533438},
                       {{2.90, .10, 4},
                        {2.08, .15, 5},
                        .28,
                        .82,
                        6.857142857142858,
                        0.6609899372644465,
                        0.9790100627355531,
                        0.9998098894196757},
                       {{0.50, .20, 4},
                        {0.40, 0, 0},
                        .50,
                        .10,
                        3.0,
                        -0.13533634348018267,
                        0.3353363434801826,
                        0.014004228005073078}};

TEST(EquivalenceTest, IsThatOfSciPy) {
  for (const Case& c : kCases) {
    const Equivalence test = equivalence_test(c.ours, c.published, c.margin);
    EXPECT_NEAR(test.difference, c.difference, kRounding);
    EXPECT_NEAR(test.degrees, c.degrees, kRounding * c.degrees);
    EXPECT_NEAR(test.low, c.low, kRounding);
    EXPECT_NEAR(test.high, c.high, kRounding);
    EXPECT_NEAR(test.p, c.p, kRounding);
  }
}

TEST(EquivalenceTest, SaysYesNoAndThatItCannotTell) {
  const auto test = [](const Case& c) { return equivalence_test(c.ours, c.published, c.margin); };
  EXPECT_TRUE(test(kCases[0]).equivalent());
  EXPECT_FALSE(test(kCases[0]).different());
  EXPECT_FALSE(test(kCases[1]).equivalent());
  EXPECT_FALSE(test(kCases[1]).different());
  EXPECT_FALSE(test(kCases[2]).equivalent());
  EXPECT_TRUE(test(kCases[2]).different());
}

TEST(EquivalenceTest, AtFivePerCentIsTheNinetyPerCentIntervalWithinTheMargin) {
  for (double mean = 1.5; mean < 2.7; mean += 0.01) {
    const Equivalence test = equivalence_test({mean, .12, 5}, {2.08, .15, 5}, .28);
    EXPECT_EQ(test.equivalent(), test.p < 0.05) << mean;
  }
}

// t with 8 degrees of freedom has its 95 % quantile at 1.859548 (any printed table); the standard error is √(2/5).
TEST(EquivalenceTest, OfEqualSpreadsReachesAsFarAsThePrintedTableSays) {
  const Equivalence test = equivalence_test({3, 1, 5}, {3, 1, 5}, 2);
  EXPECT_NEAR(test.degrees, 8, 1e-12);
  EXPECT_NEAR(test.high, 1.859548 * std::sqrt(0.4), 1e-6);
  EXPECT_NEAR(test.low, -test.high, 1e-12);
}

TEST(EquivalenceTest, WithNaNOrTooFewIsNeither) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const Sample& ours : {Sample{nan, .1, 5}, Sample{2, nan, 5}, Sample{2, .1, 1}, Sample{2, 0, 0}}) {
    const Equivalence test = equivalence_test(ours, {2, .1, 5}, 1);
    EXPECT_FALSE(test.equivalent());
    EXPECT_FALSE(test.different());
  }
  EXPECT_FALSE(equivalence_test({2, 0, 5}, {2, 0, 0}, 1).equivalent());
}

TEST(Sample, HasTheMeanAndTheSampleStandardDeviation) {
  const double values[] = {2, 4, 4, 4, 5, 5, 7, 9};
  const Sample sample = Sample::of(values);
  EXPECT_DOUBLE_EQ(sample.mean, 5);
  EXPECT_DOUBLE_EQ(sample.sd, std::sqrt(32.0 / 7));
  EXPECT_EQ(sample.n, 8);
  EXPECT_EQ(Sample::of(std::span(values, 1)).sd, 0);
}

}  // namespace
}  // namespace apical
