#include <cmath>
#include <limits>
#include <numeric>

#include "apical/data.h"
#include "support.h"

namespace apical {
namespace {

using namespace test;
using testing::HasSubstr;

template <class T>
DatasetContents contents(std::size_t inputs, std::vector<T> values) {
  auto owner = std::make_shared<const std::vector<T>>(std::move(values));
  DatasetContents c;
  c.name = "toy", c.part = "train", c.inputs = inputs, c.size = owner->size() / inputs;
  c.values = std::span<const T>(*owner);
  c.owner = owner;
  return c;
}

std::vector<std::uint8_t> all_bytes() {
  std::vector<std::uint8_t> values(256);
  std::iota(values.begin(), values.end(), std::uint8_t{0});
  return values;
}

TEST(Gather, CopiesTheChosenRowsAndFillsTheRestWithZero) {
  const Dataset data(contents<std::uint8_t>(3, {1, 2, 3, 4, 5, 6, 7, 8, 9}));
  const std::vector<std::uint32_t> samples = {2, 0, 2};
  std::vector<float> f(3 * 5, -1);
  data.gather(samples, {1, 0, 1}, f.data(), 5);
  EXPECT_EQ(f, (std::vector<float>{7, 8, 9, 0, 0, 1, 2, 3, 0, 0, 7, 8, 9, 0, 0}));
  std::vector<double> d(3 * 3, -1);
  data.gather(samples, {1, 0, 1}, d.data(), 3);
  EXPECT_EQ(d, (std::vector<double>{7, 8, 9, 1, 2, 3, 7, 8, 9}));
  EXPECT_EQ(data.storage(), "uint8");
}

// PyTorch divides bytes by 255 in float32, then subtracts the mean and divides by the deviation, in float32.
TEST(Gather, BytesGetTheBitsOfFloat32Arithmetic) {
  const Dataset data(contents<std::uint8_t>(256, all_bytes()));
  const std::uint32_t sample = 0;
  std::vector<float> f(256);
  std::vector<double> d(256);
  data.gather(std::span(&sample, 1), {1.0 / 255, 0.1307, 0.3081}, f.data(), 256);
  data.gather(std::span(&sample, 1), {1.0 / 255, 0.1307, 0.3081}, d.data(), 256);
  for (int x = 0; x < 256; ++x) {
    volatile float scaled = static_cast<float>(x) / 255.0F;
    volatile float centred = scaled - 0.1307F;
    volatile float expected = centred / 0.3081F;
    EXPECT_EQ(f[static_cast<std::size_t>(x)], expected) << x;
    EXPECT_EQ(d[static_cast<std::size_t>(x)], static_cast<double>(expected)) << x;
  }
}

TEST(Gather, Float32SourcesGiveBothPrecisionsTheSameNumbersAndFloat64SourcesKeepTheirs) {
  const std::uint32_t sample = 0;
  float f = 0;
  double d = 0;
  const Dataset narrow(contents<float>(1, {0.1F}));
  narrow.gather(std::span(&sample, 1), {1, 0.3, 0.7}, &f, 1);
  narrow.gather(std::span(&sample, 1), {1, 0.3, 0.7}, &d, 1);
  EXPECT_EQ(static_cast<double>(f), d);
  const Dataset wide(contents<double>(1, {0.1}));
  wide.gather(std::span(&sample, 1), {1, 0.3, 0.7}, &d, 1);
  EXPECT_EQ(d, (0.1 - 0.3) / 0.7);
  EXPECT_EQ(narrow.storage(), "float32");
  EXPECT_EQ(wide.storage(), "float64");
}

TEST(GatherTargets, CopiesTheRowsAsTheyAre) {
  DatasetContents c = contents<float>(1, {1, 2, 3});
  c.target_columns = 2;
  c.targets = {1.5, 2.5, 3.5, 4.5, 5.5, 6.5};
  const Dataset data(c);
  const std::vector<std::uint32_t> samples = {2, 1};
  std::vector<double> out(6, -1);
  data.gather_targets(samples, out.data(), 3);
  EXPECT_EQ(out, (std::vector<double>{5.5, 6.5, 0, 3.5, 4.5, 0}));
}

TEST(DatasetChecks, NameSampleAndFeatureOfAnInputThatIsNotFinite) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(error_of([&] {
              Dataset(contents<float>(3, {1, 2, 3, 4, 5, nan}));
            }),
            "toy train: input of sample 1, feature 2, is nan; every one has to be finite.");
  EXPECT_EQ(error_of([&] {
              Dataset(contents<double>(2, {1, 2, 3, 4, -std::numeric_limits<double>::infinity(), 6}));
            }),
            "toy train: input of sample 2, feature 0, is -inf; every one has to be finite.");
  DatasetContents c = contents<float>(1, {1, 2});
  c.target_columns = 1;
  c.targets = {0, std::nan("")};
  EXPECT_EQ(error_of([&] { Dataset{c}; }),
            "toy train: target of sample 1, column 0, is nan; every one has to be finite.");
}

TEST(DatasetChecks, RefuseLabelsOutOfRange) {
  DatasetContents c = contents<float>(1, {1, 2, 3});
  c.classes = 3;
  c.labels = {0, 2, 3};
  EXPECT_EQ(error_of([&] { Dataset{c}; }),
            "toy train: the label of sample 2 is 3; with 3 classes it has to be in 0 … 2.");
  c.labels = {0, -1, 2};
  EXPECT_THAT(error_of([&] { Dataset{c}; }), HasSubstr("the label of sample 1 is -1"));
  c.labels = {0, 1, 2};
  EXPECT_EQ(error_of([&] { Dataset{c}; }), "no error");
}

TEST(DatasetChecks, RefuseShapesThatDisagree) {
  EXPECT_THAT(error_of([] { Dataset(contents<float>(1, {})); }), HasSubstr("has 0 samples of 1 features"));
  DatasetContents few_labels = contents<float>(1, {1, 2, 3});
  few_labels.classes = 2;
  few_labels.labels = {0, 1};
  EXPECT_THAT(error_of([&] { Dataset{few_labels}; }), HasSubstr("has 3 samples, but 2 labels."));
  DatasetContents image = contents<float>(6, {1, 2, 3, 4, 5, 6});
  image.rows = 2, image.cols = 2;
  EXPECT_THAT(error_of([&] { Dataset{image}; }), HasSubstr("has images of 2 x 2, but 6 features."));
  DatasetContents short_values = contents<float>(1, {1, 2, 3});
  short_values.size = 4;
  EXPECT_THAT(error_of([&] { Dataset{short_values}; }),
              HasSubstr("has 3 values, but 4 samples of 1 features."));
}

TEST(DatasetHash, IsTheSha256OfValuesThenLabels) {
  DatasetContents c = contents<std::uint8_t>(1, {97, 98, 99});
  // printf 'abc' | sha256sum
  EXPECT_EQ(Dataset(c).hash(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  c.classes = 2;
  c.labels = {1, 0, 1};
  // printf 'abc\1\0\0\0\0\0\0\0\1\0\0\0' | sha256sum
  EXPECT_EQ(Dataset(c).hash(), "6e5249d3dd35ff63f9fed1d99169cb423de8ae1cda2e6438b76506a1306fdc45");
}

DatasetContents without_scale(DatasetContents c) {
  c.standardisation = {1, 0, 1};
  return c;
}

TEST(ChooseStandardisation, UnitMapsTheGreatestMagnitudeToOneUnlessAScaleIsPublished) {
  const Dataset plain(without_scale(contents<float>(2, {1, -8, 2, 4})));
  EXPECT_EQ(choose_standardisation(plain, "unit"), (Standardisation{0.125, 0, 1}));
  DatasetContents c = contents<std::uint8_t>(2, {1, 2});
  c.standardisation = {1.0 / 16, 0.5, 2};
  EXPECT_EQ(choose_standardisation(Dataset(c), "unit"), (Standardisation{1.0 / 16, 0, 1}));
  EXPECT_EQ(choose_standardisation(Dataset(c), "default"), (Standardisation{1.0 / 16, 0.5, 2}));
  EXPECT_EQ(choose_standardisation(Dataset(c), "standard"), (Standardisation{1.0 / 16, 0.5, 2}))
      << "the published one";
  EXPECT_EQ(choose_standardisation(Dataset(c), "none"), (Standardisation{1, 0, 1}));
}

TEST(ChooseStandardisation, StandardGivesMeanZeroAndUnitDeviation) {
  // 2, 4, 4, 4, 5, 5, 7, 9: mean 5, deviation 2; scaled by the greatest, 9.
  const Dataset data(without_scale(contents<double>(2, {2, 4, 4, 4, 5, 5, 7, 9})));
  const Standardisation s = choose_standardisation(data, "standard");
  EXPECT_DOUBLE_EQ(s.scale, 1.0 / 9);
  EXPECT_DOUBLE_EQ(s.mean, 5.0 / 9);
  EXPECT_DOUBLE_EQ(s.sd, 2.0 / 9);
}

TEST(ChooseStandardisation, RefusesConstantInputsAndUnknownNames) {
  const Dataset constant(without_scale(contents<double>(1, {49, 49, 49, 49, 49})));
  EXPECT_THAT(error_of([&] { choose_standardisation(constant, "standard"); }),
              HasSubstr("all its inputs are equal"));
  EXPECT_THAT(error_of([&] { choose_standardisation(constant, "standart"); }),
              HasSubstr("Did you mean 'standard'?"));
}

}  // namespace
}  // namespace apical
