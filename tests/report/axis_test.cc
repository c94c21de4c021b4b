#include "report/axis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace apical::report {
namespace {

using testing::ElementsAre;

std::vector<std::string> texts(const Axis& axis) {
  std::vector<std::string> out;
  for (const Tick& tick : axis.ticks()) out.push_back(tick.text);
  return out;
}

TEST(Axis, HasRoundTicksAroundTheData) {
  EXPECT_THAT(texts(Axis(0, 0.87, 5)), ElementsAre("0", "0.2", "0.4", "0.6", "0.8", "1"));
  EXPECT_THAT(texts(Axis(-3, 7, 5)), ElementsAre("-4", "-2", "0", "2", "4", "6", "8"));
  EXPECT_THAT(texts(Axis(0, 130, 6, false, true, 30)), ElementsAre("0", "30", "60", "90", "120", "150"));
}

TEST(Axis, LogarithmicTicksAreOneTwoFiveOrDecades) {
  EXPECT_THAT(texts(Axis(3, 90, 6, true)), ElementsAre("2", "5", "10", "20", "50", "100"));
  EXPECT_THAT(texts(Axis(1e-6, 0.5, 6, true)),
              ElementsAre("1e-6", "1e-5", "1e-4", "0.001", "0.01", "0.1", "1"));
}

TEST(Axis, SharesAreLinearOrLogarithmic) {
  EXPECT_DOUBLE_EQ(Axis(0, 10, 5).share(2.5), 0.25);
  EXPECT_NEAR(Axis(1, 100, 5, true).share(10), 0.5, 1e-12);
}

TEST(Axis, AConstantGetsARange) {
  for (double value : {0.0, 1e-9, 5.0, -5.0, 1e12}) {
    const Axis axis(value, value, 5);
    EXPECT_LE(axis.low(), value);
    EXPECT_GT(axis.high(), axis.low());
    EXPECT_GE(axis.ticks().size(), 2u) << value;
  }
  const Axis axis(0.01, 0.01, 5, true);
  EXPECT_GT(axis.high(), axis.low());
}

}  // namespace
}  // namespace apical::report
