#include "data/catalogue.h"

#include <cstdlib>

#include "apical/data_catalogue.h"
#include "apical/data_hash.h"
#include "data/verify.h"
#include "support.h"

namespace apical {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Catalogue, ListsTheBuiltInSetFirstAndSaysHowToGetTheOthers) {
  const TestFolder folder;
  const auto infos = known_datasets({folder.path(), {}});
  std::vector<std::string> names;
  for (const DatasetInfo& info : infos) {
    names.push_back(info.name);
    EXPECT_FALSE(info.what.empty() || info.licence.empty() || info.citation.empty() ||
                 info.how_to_get.empty())
        << info.name;
    const bool built_in = info.name == "digits" || info.name == "student-teacher";
    EXPECT_EQ(info.found, built_in ? "built in" : "") << info.name;
  }
  EXPECT_THAT(names, ElementsAre("digits", "mnist", "fashion-mnist", "fashion-mnist-unofficial-split",
                                 "student-teacher"));
  EXPECT_EQ(infos[1].standardisation, (Standardisation{1.0 / 255, 0.1307, 0.3081}));
  EXPECT_EQ(infos[2].standardisation, (Standardisation{1.0 / 255, 0, 1}));
  EXPECT_EQ(infos[1].bytes, 47040016U + 60008U + 7840016U + 10008U);
}

TEST(Catalogue, FindsFilesInTheCacheBeforeTheFolder) {
  const TestFolder folder;
  const DatasetSpec& spec = find_spec("mnist");
  const DataPaths paths{folder / "cache", folder / "mine"};
  EXPECT_EQ(locate(spec, spec.files[0], paths), "");
  const auto dotted = folder.write("mine/train-images.idx3-ubyte.gz", "");
  EXPECT_EQ(locate(spec, spec.files[0], paths), dotted);
  const auto nested = folder.write("mine/MNIST/raw/train-images-idx3-ubyte", "");
  EXPECT_EQ(locate(spec, spec.files[0], paths), nested);
  const auto cached = folder.write("cache/mnist/train-images-idx3-ubyte", "");
  EXPECT_EQ(locate(spec, spec.files[0], paths), cached);
}

TEST(LoadDataset, SaysWhichFileIsMissingAndHowToGetIt) {
  const TestFolder folder;
  EXPECT_EQ(error_of([&] {
              load_dataset("mnist", "test", {folder / "cache", folder / "mine"});
            }),
            "data mnist: there is no t10k-images-idx3-ubyte in " + (folder / "cache/mnist").string() +
                " or " + (folder / "mine").string() + ". To get it: apical data get mnist.");
}

TEST(LoadDataset, RefusesAFileThatIsNotThePublishedOne) {
  const TestFolder folder;
  const DataPaths paths{folder / "cache", {}};
  const auto images = folder.write("cache/mnist/t10k-images-idx3-ubyte",
                                   idx(0x803, {10000, 28, 28}, std::string(7840000, 'a')));
  folder.write("cache/mnist/t10k-labels-idx1-ubyte", idx(0x801, {10000}, std::string(10000, '\1')));
  EXPECT_THAT(error_of([&] { load_dataset("mnist", "test", paths); }),
              HasSubstr(images.string() + ": has SHA-256 " + sha256_file(images) + ", expected 0fa7898d"));
  folder.write("cache/mnist/t10k-images-idx3-ubyte", idx(0x803, {10000, 28, 28}, std::string(100, 'a')));
  EXPECT_THAT(error_of([&] { load_dataset("mnist", "test", paths); }), HasSubstr("is truncated"));
  folder.write("cache/mnist/t10k-images-idx3-ubyte", idx(0x801, {10000}, std::string(10000, '\1')));
  EXPECT_THAT(error_of([&] { load_dataset("mnist", "test", paths); }), HasSubstr("got 0x00000801"));
}

TEST(CheckDataset, JudgesEveryFile) {
  const TestFolder folder;
  folder.write("cache/mnist/train-images-idx3-ubyte", "short");
  folder.write("cache/mnist/train-labels-idx1-ubyte", idx(0x801, {60000}, std::string(60000, '\1')));
  folder.write("mine/t10k-images-idx3-ubyte.gz", "\x1f\x8b broken");
  const CheckReport report = check_dataset("mnist", {folder / "cache", folder / "mine"});
  ASSERT_EQ(report.files.size(), 4U);
  EXPECT_FALSE(report.ok());
  EXPECT_EQ(report.files[0].verdict, FileVerdict::wrong_size);
  EXPECT_EQ(report.files[0].note, "has 5 bytes, expected 47040016");
  EXPECT_EQ(report.files[1].verdict, FileVerdict::wrong_checksum);
  EXPECT_EQ(report.files[1].expected_sha256,
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5");
  EXPECT_EQ(report.files[2].verdict, FileVerdict::malformed);
  EXPECT_EQ(report.files[3].verdict, FileVerdict::missing);
  EXPECT_EQ(to_string(report.files[3].verdict), "missing");
  EXPECT_THAT(error_of([] { check_dataset("minst", {}); }), HasSubstr("Did you mean 'mnist'?"));
}

TEST(FashionMnist, AcceptsRawFilesOfTheOfficialOrderAsUnverified) {
  const TestFolder folder;
  const DatasetSpec& spec = find_spec("fashion-mnist");
  std::string labels(10000, '\0');
  const auto check = [&] {
    return verify(spec, spec.files[3], folder.write("t10k-labels-idx1-ubyte", idx(0x801, {10000}, labels)));
  };
  EXPECT_EQ(check().verdict, FileVerdict::malformed);
  EXPECT_THAT(check().note,
              HasSubstr("starts with the labels 0 0 0 0 0 0 0 0 0 0, expected 9 2 1 1 6 1 4 6 5 7"));
  labels.replace(0, 10, bytes_of({9, 2, 1, 1, 6, 1, 4, 6, 5, 7}));
  EXPECT_EQ(check().verdict, FileVerdict::unverified);
}

TEST(DefaultDataPaths, FollowTheEnvironment) {
  setenv("HOME", "/home/x", 1);
  unsetenv("XDG_CACHE_HOME");
  unsetenv("APICAL_DATA");
  EXPECT_EQ(default_data_paths().cache_dir, "/home/x/.cache/apical");
  setenv("XDG_CACHE_HOME", "/c", 1);
  EXPECT_EQ(default_data_paths().cache_dir, "/c/apical");
  setenv("APICAL_DATA", "/d", 1);
  EXPECT_EQ(default_data_paths().cache_dir, "/d");
  setenv("APICAL_DATA", "", 1);
  EXPECT_EQ(default_data_paths().cache_dir, "/c/apical");
  unsetenv("XDG_CACHE_HOME");
  unsetenv("HOME");
  EXPECT_THAT(error_of([] { default_data_paths(); }), HasSubstr("Set APICAL_DATA to a folder."));
}

// FIPS 180-4 gives these sums.
TEST(Sha256, IsThePublishedAlgorithm) {
  const auto sum = [](const std::string& text) { return sha256_hex(std::as_bytes(std::span(text))); };
  EXPECT_EQ(sum(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sum("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sum("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  const TestFolder folder;
  EXPECT_EQ(sha256_file(folder.write("abc", "abc")), sum("abc"));
  EXPECT_EQ(sha256_file(folder.write("empty", "")), sum(""));
}

}  // namespace
}  // namespace apical
