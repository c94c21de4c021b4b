#include <gmock/gmock.h>

#include "apical/error.h"
#include "kernels/kernel_test.h"

namespace apical {
namespace {

using testing::HasSubstr;

TEST(Dispatch, OffersTheReferenceLast) {
  ASSERT_GE(available_kernels().size(), 2u);
  EXPECT_EQ(available_kernels().back(), "reference");
}

TEST(Dispatch, PicksTheBestByItself) {
  use_kernels("auto");
  EXPECT_EQ(kernels_in_use(), available_kernels().front());
  EXPECT_FALSE(reference_kernels());
}

TEST(Dispatch, EveryOfferedTableCanBeForcedAndIsComplete) {
  for (const std::string& name : available_kernels()) {
    use_kernels(name);
    EXPECT_EQ(kernels_in_use(), name);
    const std::string instruction_set = name.substr(0, name.find("_BF16"));
    EXPECT_EQ(kernels<float>().name, instruction_set);
    EXPECT_EQ(kernels<double>().name, instruction_set);
    EXPECT_EQ(reference_kernels(), name == "reference");
    EXPECT_NE(kernels<float>().product, nullptr);
    EXPECT_NE(kernels<double>().peak, nullptr);
    EXPECT_NE(pair_kernels().product, nullptr);
    EXPECT_GT(pair_kernels().peak(1000), 0);
    EXPECT_GE(kernels<float>().lanes, kernels<double>().lanes);
  }
  use_kernels("auto");
}

TEST(Dispatch, AnUnknownNameIsRefusedWithTheChoicesAndChangesNothing) {
  use_kernels("reference");
  try {
    use_kernels("AVX9");
    FAIL() << "accepted AVX9";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("AVX9"));
    EXPECT_THAT(error.what(), HasSubstr("reference"));
    EXPECT_THAT(error.what(), HasSubstr("auto"));
  }
  EXPECT_EQ(kernels_in_use(), "reference");
  use_kernels("auto");
}

}  // namespace
}  // namespace apical
