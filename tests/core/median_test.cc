#include "core/median.h"

#include <gtest/gtest.h>

#include <cmath>

namespace apical {
namespace {

TEST(Median, IsTheMiddleOneOrTheMeanOfTheTwoThatShareTheMiddle) {
  EXPECT_TRUE(std::isnan(median({})));
  EXPECT_EQ(median({5}), 5);
  EXPECT_EQ(median({9, -1, 4}), 4);
  EXPECT_EQ(median({3, 8}), 5.5);
  EXPECT_EQ(median({7, 100, 1, 2}), 4.5);
  EXPECT_EQ(median({2, 2, 1, 2, 9, 0}), 2);
}

}  // namespace
}  // namespace apical
