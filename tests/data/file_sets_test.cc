#include "data/file_sets.h"

#include <set>

#include "apical/data_split.h"
#include "support.h"

namespace apical {
namespace {

using namespace test;
using testing::HasSubstr;

Dataset load(const std::string& name, const std::string& part = "train", const LoadOptions& options = {}) {
  return load_dataset(name, part, {}, options);
}

std::vector<double> row(const Dataset& data, std::uint32_t sample) {
  std::vector<double> values(data.inputs());
  data.gather(std::span(&sample, 1), {1, 0, 1}, values.data(), values.size());
  return values;
}

TEST(CsvSet, SetsOneSampleInFiveAside) {
  const TestFolder folder;
  std::string text = "x0,x1,label\n";
  for (int i = 0; i < 11; ++i)
    text += std::to_string(i) + "," + std::to_string(i * i) + ".5," + std::to_string(i % 3) + "\n";
  const std::string name = "csv:" + folder.write("t.csv", text).string();
  const Dataset train = load(name), test = load(name, "test");
  EXPECT_EQ(train.name(), name);
  EXPECT_EQ(train.size(), 9U);
  EXPECT_EQ(test.size(), 2U);
  EXPECT_EQ(train.classes(), 3);
  EXPECT_EQ(train.storage(), "float64");
  const Split parts = split(11, 2, 0);
  for (std::uint32_t i = 0; i < 2; ++i) {
    const std::uint32_t original = parts.validation[i];
    EXPECT_EQ(row(test, i), (std::vector<double>{original + 0.0, original * original + 0.5}));
    EXPECT_EQ(test.label(i), static_cast<int>(original % 3));
  }
}

TEST(CsvSet, TakesASecondFileAsTestPartAndTheClassesOfBoth) {
  const TestFolder folder;
  const std::string name =
      "csv:" + folder.write("a.csv", "1,0\n2,1\n").string() + "::" + folder.write("b.csv", "3,4\n").string();
  EXPECT_EQ(load(name).size(), 2U);
  EXPECT_EQ(load(name).classes(), 5);
  EXPECT_EQ(load(name, "test").classes(), 5);
  EXPECT_EQ(row(load(name, "test"), 0), std::vector<double>{3});
  EXPECT_EQ(load(name).storage(), "uint8") << "small whole numbers are held as bytes";
  EXPECT_EQ(load(name).standardisation(), (Standardisation{1, 0, 1}));
}

TEST(CsvSet, ChoosesTheColumnAndTheKindOfTarget) {
  const TestFolder folder;
  const std::string name =
      "csv:" + folder.write("t.csv", "y,a,b\n1,2,3\n0,4,5\n1,6,7\n0,1,1\n1,0,0\n").string();
  LoadOptions options;
  options.label_column = "y";
  EXPECT_EQ(load(name, "train", options).classes(), 2);
  options.targets = TargetKind::real;
  const Dataset real = load(name, "train", options);
  EXPECT_EQ(real.classes(), 0);
  EXPECT_EQ(real.target_columns(), 1U);
  EXPECT_EQ(real.targets().size(), 4U);
  EXPECT_EQ(real.inputs(), 2U);
}

TEST(CsvSet, ReadsFractionsAsRealTargetsUnlessTheyHaveToBeClasses) {
  const TestFolder folder;
  const std::string name = "csv:" + folder.write("t.csv", "1,0.5\n2,1\n3,2\n4,3\n5,4\n").string();
  EXPECT_EQ(load(name).target_columns(), 1U);
  LoadOptions options;
  options.targets = TargetKind::classes;
  EXPECT_THAT(error_of([&] { load(name, "train", options); }),
              HasSubstr("no whole numbers, so they are no class labels"));
}

TEST(CsvSet, RefusesLabelsBeyondTheGivenClasses) {
  const TestFolder folder;
  const std::string name =
      "csv:" + folder.write("t.csv", "1,0\n2,7\n").string() + "::" + folder.write("u.csv", "1,0\n").string();
  LoadOptions options;
  options.classes = 3;
  EXPECT_THAT(error_of([&] { load(name, "train", options); }),
              HasSubstr("the label of sample 1 is 7; with 3 classes it has to be in 0 … 2."));
  options.classes = 0;
  options.targets = TargetKind::classes;
  const std::string negative = "csv:" + folder.write("n.csv", "1,0\n2,-7\n1,0\n1,0\n1,0\n").string();
  EXPECT_THAT(error_of([&] { load(negative, "train", options); }), HasSubstr("has labels outside 0 … 65535"));
}

TEST(CsvSet, RefusesATableOfOneColumnAndPartsOfDifferentWidth) {
  const TestFolder folder;
  EXPECT_THAT(error_of([&] { load("csv:" + folder.write("t.csv", "1\n2\n").string()); }),
              HasSubstr("has one column"));
  const std::string name =
      "csv:" + folder.write("a.csv", "1,2,0\n").string() + "::" + folder.write("b.csv", "1,0\n").string();
  EXPECT_THAT(error_of([&] { load(name); }),
              HasSubstr("has 1 features per sample, but the training part has 2."));
  EXPECT_THAT(error_of([&] { load("csv:" + folder.write("t.csv", "1,2\n").string(), "test"); }),
              HasSubstr("has fewer than five samples"));
}

TEST(NpzSet, TakesTheArraysByName) {
  const std::string name = "npz:" + fixture("deflated.npz");
  const Dataset train = load(name), test = load(name, "test");
  EXPECT_EQ(train.size(), 10U);
  EXPECT_EQ(test.size(), 4U);
  EXPECT_EQ(train.classes(), 4) << "the test part has a label 3";
  EXPECT_EQ(to_vector(test.labels()), (std::vector<std::int32_t>{3, 0, 1, 2}));
  EXPECT_EQ(row(train, 9), (std::vector<double>{18, 19}));
  EXPECT_EQ(train.storage(), "float32");
}

TEST(NpzSet, ReadsRealTargetsOfSeveralColumns) {
  const Dataset data = load("npz:" + fixture("regression.npz"));
  EXPECT_EQ(data.size(), 8U);
  EXPECT_EQ(data.target_columns(), 2U);
  for (std::uint32_t i = 0; i < 8; ++i) EXPECT_EQ(data.targets()[2 * i + 1], row(data, i)[1] * 0.5);
}

TEST(NpySet, ReadsAPairOrInputsAlone) {
  const Dataset alone = load("npy:" + fixture("uint8_images.npy") + "::" + fixture("uint8_images.npy"));
  EXPECT_EQ(alone.size(), 3U);
  EXPECT_EQ(alone.rows(), 2U);
  EXPECT_EQ(alone.classes(), 0);
  EXPECT_EQ(alone.target_columns(), 0U);
  EXPECT_EQ(alone.standardisation(), (Standardisation{1.0 / 255, 0, 1}));
  const std::string pair = "npy:" + fixture("uint8_images.npy") + "," + fixture("bool.npy");
  EXPECT_EQ(load(pair + "::" + pair.substr(4)).classes(), 2);
}

TEST(IdxSet, RefusesImagesAndLabelsOfDifferentCount) {
  const TestFolder folder;
  const auto images = folder.write("images", idx(0x803, {2, 1, 2}, bytes_of({1, 2, 3, 4})));
  const auto labels = folder.write("labels", idx(0x801, {3}, bytes_of({0, 1, 0})));
  const std::string name = "idx:" + images.string() + "," + labels.string();
  EXPECT_THAT(error_of([&] { load(name); }), HasSubstr("has 2 samples, but 3 labels or targets."));
  EXPECT_THAT(error_of([&] { load("idx:" + images.string()); }), HasSubstr("names no file of labels"));
  folder.write("labels", idx(0x801, {2}, bytes_of({0, 1})));
  const std::string both = name + "::" + name.substr(4);
  EXPECT_EQ(load(both).cols(), 2U);
  EXPECT_EQ(row(load(both, "test"), 1), (std::vector<double>{3, 4}));
}

TEST(LoadDataset, AnswersUnknownNamesAndPartsWithTheNearest) {
  EXPECT_THAT(error_of([] { load("digit"); }), HasSubstr("unknown data set 'digit'. Did you mean 'digits'?"));
  EXPECT_THAT(error_of([] { load("digits", "tests"); }),
              HasSubstr("unknown part 'tests'. Did you mean 'test'?"));
}

}  // namespace
}  // namespace apical
