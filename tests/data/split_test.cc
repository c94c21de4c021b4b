#include "apical/data_split.h"

#include <map>
#include <numeric>
#include <set>

#include "apical/data_hash.h"
#include "support.h"

namespace apical {
namespace {

using namespace test;
using Samples = std::vector<std::uint32_t>;

Samples up_to(std::size_t n) {
  Samples all(n);
  std::iota(all.begin(), all.end(), 0U);
  return all;
}

// The expected orders come from the algorithm of data_split.h written in Python's unlimited integers.
TEST(EpochOrder, IsThePublishedAlgorithm) {
  EXPECT_EQ(epoch_order(up_to(10), 7, 0), (Samples{7, 1, 4, 2, 3, 6, 8, 5, 9, 0}));
  EXPECT_EQ(epoch_order(up_to(10), 7, 1), (Samples{1, 8, 6, 3, 2, 9, 4, 7, 0, 5}));
}

// Enough draws from large ranges that hundreds of them have to be rejected.
TEST(EpochOrder, IsThePublishedAlgorithmWhereDrawsAreRejected) {
  const Samples order = epoch_order(up_to(2000000), 1, 0);
  EXPECT_EQ(sha256_hex(std::as_bytes(std::span(order))),
            "843a5c79a35adab17938789c61afb80d69ccc89b4a77049d276d2c83e32d52fc");
}

TEST(EpochOrder, VisitsEverySampleOnceAndDependsOnSeedAndEpoch) {
  const Samples samples = {5, 5, 9, 1, 100};
  Samples order = epoch_order(samples, 1, 2);
  std::sort(order.begin(), order.end());
  EXPECT_EQ(order, (Samples{1, 5, 5, 9, 100}));
  std::set<Samples> orders;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    for (std::uint64_t epoch = 0; epoch < 5; ++epoch) orders.insert(epoch_order(up_to(1000), seed, epoch));
  }
  EXPECT_EQ(orders.size(), 25U);
  EXPECT_TRUE(epoch_order({}, 1, 1).empty());
}

// Pearson's statistic over the 24 orders of four samples has 23 degrees of freedom: mean 23, sd 6.8.
TEST(EpochOrder, MakesEveryOrderEquallyOften) {
  std::map<Samples, int> counts;
  constexpr int kDraws = 24000, kOrders = 24;
  for (std::uint64_t epoch = 0; epoch < kDraws; ++epoch) ++counts[epoch_order(up_to(4), 3, epoch)];
  ASSERT_EQ(counts.size(), std::size_t{kOrders});
  double statistic = 0;
  for (const auto& [order, count] : counts) statistic += (count - 1000.0) * (count - 1000.0) / 1000.0;
  EXPECT_LT(statistic, 50);
  EXPECT_GT(statistic, 5);
}

TEST(Split, IsDisjointCompleteAscendingAndThePublishedAlgorithm) {
  const Split parts = split(10, 3, 7);
  EXPECT_EQ(parts.validation, (Samples{3, 5, 6})) << "the first three of 3 6 5 1 8 9 2 4 7 0";
  EXPECT_EQ(parts.train, (Samples{0, 1, 2, 4, 7, 8, 9}));
  EXPECT_EQ(split(10, 0, 7).train, up_to(10));
  EXPECT_NE(split(10, 3, 8), parts);
}

TEST(Split, RefusesToSetEverythingAside) {
  EXPECT_THAT(error_of([] { split(10, 10, 1); }),
              testing::HasSubstr("10 samples cannot be set aside: there are 10"));
  EXPECT_THAT(error_of([] { split(std::size_t{1} << 32, 1, 1); }), testing::HasSubstr("more than 2^32"));
}

TEST(Subset, IsAscendingAndNestedAndThePublishedAlgorithm) {
  EXPECT_EQ(subset(up_to(10), 3, 7), (Samples{3, 5, 9})) << "the first three of 3 9 5 6 2 4 8 7 0 1";
  const Samples small = subset(up_to(1000), 100, 4), large = subset(up_to(1000), 300, 4);
  EXPECT_EQ(large.size(), 300U);
  EXPECT_TRUE(std::is_sorted(large.begin(), large.end()));
  EXPECT_TRUE(std::includes(large.begin(), large.end(), small.begin(), small.end()));
  EXPECT_EQ(subset(up_to(10), 10, 1), up_to(10));
  EXPECT_THAT(error_of([] { subset(up_to(10), 11, 1); }),
              testing::HasSubstr("11 samples were asked for, but there are 10."));
}

}  // namespace
}  // namespace apical
