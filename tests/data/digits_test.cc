#include <numeric>

#include "apical/data.h"
#include "apical/data_catalogue.h"
#include "apical/data_split.h"
#include "support.h"

namespace apical {
namespace {

using namespace test;

struct Digit {
  std::vector<float> pixels;
  int label = -1;
};

// Both parts together, in the order of the published file.
std::vector<Digit> all_digits() {
  std::vector<Digit> digits(1797);
  const Split parts = split(1797, 360, 0);
  for (const char* part : {"train", "test"}) {
    const auto& places = part == std::string("train") ? parts.train : parts.validation;
    const Dataset data = load_dataset("digits", part, {});
    EXPECT_EQ(data.size(), places.size());
    for (std::uint32_t i = 0; i < data.size(); ++i) {
      Digit& digit = digits[places[i]];
      digit.pixels.resize(64);
      data.gather(std::span(&i, 1), {1, 0, 1}, digit.pixels.data(), 64);
      digit.label = data.label(i);
    }
  }
  return digits;
}

// The numbers that scikit-learn documents for load_digits.
TEST(Digits, AreThePublishedOnes) {
  const auto digits = all_digits();
  EXPECT_EQ(digits[0].pixels, (std::vector<float>{0, 0, 5,  13, 9,  1,  0, 0, 0, 0, 13, 15, 10, 15, 5, 0,
                                                  0, 3, 15, 2,  0,  11, 8, 0, 0, 4, 12, 0,  0,  8,  8, 0,
                                                  0, 5, 8,  0,  0,  9,  8, 0, 0, 4, 11, 0,  1,  12, 7, 0,
                                                  0, 2, 14, 5,  10, 12, 0, 0, 0, 0, 6,  13, 10, 0,  0, 0}));
  std::vector<int> counts(10);
  double sum = 0;
  float greatest = 0;
  for (const Digit& digit : digits) {
    ASSERT_TRUE(digit.label >= 0 && digit.label < 10);
    ++counts[static_cast<std::size_t>(digit.label)];
    for (const float pixel : digit.pixels)
      sum += static_cast<double>(pixel), greatest = std::max(greatest, pixel);
  }
  EXPECT_EQ(counts, (std::vector<int>{178, 182, 177, 183, 181, 182, 181, 179, 174, 180}));
  EXPECT_EQ(greatest, 16);
  EXPECT_EQ(sum, 561718) << "load_digits().data.sum()";
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(digits[static_cast<std::size_t>(i)].label, i) << "the file starts 0, 1, 2, …";
}

TEST(Digits, DescribeThemselves) {
  const Dataset train = load_dataset("digits", "train", {}), test = load_dataset("digits", "test", {});
  EXPECT_EQ(train.size(), 1437U);
  EXPECT_EQ(test.size(), 360U);
  EXPECT_EQ(train.inputs(), 64U);
  EXPECT_EQ(train.rows(), 8U);
  EXPECT_EQ(train.cols(), 8U);
  EXPECT_EQ(train.classes(), 10);
  EXPECT_EQ(train.storage(), "uint8");
  EXPECT_EQ(train.standardisation(), (Standardisation{1.0 / 16, 0, 1}));
  EXPECT_NE(train.hash(), test.hash());
  EXPECT_TRUE(check_dataset("digits", {}).ok());
  EXPECT_EQ(check_dataset("digits", {}).files.at(0).sha256,
            "46abec6b12486ad9e51943373abcf22bbea1b5a51a1619b361570d8893f1464a");
}

}  // namespace
}  // namespace apical
