#include "kernels/panels.h"

#include <gtest/gtest.h>

#include <set>

namespace apical {
namespace {

TEST(Panels, AreOneHundredAndTwentyEightBytesWide) {
  EXPECT_EQ(kPanel<float>, 32u);
  EXPECT_EQ(kPanel<double>, 16u);
}

TEST(Panels, PadToWholeHalfPanels) {
  EXPECT_EQ(padded<float>(0), 0u);
  EXPECT_EQ(padded<float>(1), 16u);
  EXPECT_EQ(padded<float>(16), 16u);
  EXPECT_EQ(padded<float>(17), 32u);
  EXPECT_EQ(padded<double>(9), 16u);
  EXPECT_EQ(padded<double>(784), 784u);
}

TEST(Panels, RowStrideHoldsTheRowAndAvoidsMultiplesOfOneKibibyte) {
  for (std::size_t n = 1; n < 5000; ++n) {
    EXPECT_GE(row_stride<float>(n), n);
    EXPECT_NE(row_stride<float>(n) * sizeof(float) % 1024, 0u);
    EXPECT_EQ(row_stride<float>(n) % (kPanel<float> / 2), 0u);
    EXPECT_NE(row_stride<double>(n) * sizeof(double) % 1024, 0u);
  }
}

// The known answers follow from the definition: panel 0 holds units 0…31 as [n_in][32], the last panel of 40
// units is 16 wide.
TEST(Panels, IndexFollowsTheLayout) {
  EXPECT_EQ((panel_index<float>(40, 5, 0, 0)), 0u);
  EXPECT_EQ((panel_index<float>(40, 5, 31, 0)), 31u);
  EXPECT_EQ((panel_index<float>(40, 5, 0, 1)), 32u);
  EXPECT_EQ((panel_index<float>(40, 5, 32, 0)), 160u);
  EXPECT_EQ((panel_index<float>(40, 5, 33, 2)), 160u + 2 * 16 + 1);
}

template <class T>
void expect_every_weight_has_its_own_place() {
  for (const std::size_t n_out : {1, 7, 8, 9, 16, 17, 33, 48, 50, 64}) {
    const std::size_t n_in = 6;
    std::set<std::size_t> places;
    for (std::size_t out = 0; out < padded<T>(n_out); ++out)
      for (std::size_t in = 0; in < n_in; ++in) places.insert(panel_index<T>(n_out, n_in, out, in));
    EXPECT_EQ(places.size(), (panel_size<T>(n_out, n_in)));
    EXPECT_EQ(*places.rbegin() + 1, (panel_size<T>(n_out, n_in)));
  }
}

TEST(Panels, EveryWeightHasItsOwnPlaceAndNoneIsLeftOver) {
  expect_every_weight_has_its_own_place<float>();
  expect_every_weight_has_its_own_place<double>();
}

}  // namespace
}  // namespace apical
