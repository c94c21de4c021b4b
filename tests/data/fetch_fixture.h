// A small data set of noise and a cache of its own, for the tests of fetching.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "apical/data_hash.h"
#include "data/fetch.h"
#include "data/verify.h"
#include "http_server.h"
#include "support.h"

namespace apical::test {

inline constexpr std::uint32_t kSide = 40;

inline std::string sha256(const std::string& content) {
  return sha256_hex(std::as_bytes(std::span(content)));
}

// A data set of noise in the form of MNIST: 60 training and 20 test images of 40 x 40, large enough to break
// a transfer inside.
class FetchTest : public testing::Test {
 protected:
  FetchTest() {
    std::mt19937 generator(1);
    const auto noise = [&](std::size_t count, unsigned most) {
      std::string bytes(count, '\0');
      for (char& byte : bytes) byte = static_cast<char>(generator() % most);
      return bytes;
    };
    content_["train-images-idx3-ubyte"] = idx(0x803, {60, kSide, kSide}, noise(60 * kSide * kSide, 256));
    content_["train-labels-idx1-ubyte"] = idx(0x801, {60}, noise(60, 10));
    content_["t10k-images-idx3-ubyte"] = idx(0x803, {20, kSide, kSide}, noise(20 * kSide * kSide, 256));
    content_["t10k-labels-idx1-ubyte"] = idx(0x801, {20}, noise(20, 10));
    spec_.name = "noise";
    spec_.train = 60, spec_.test = 20, spec_.rows = spec_.cols = kSide, spec_.classes = 10;
    for (const char* name : {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
                             "t10k-labels-idx1-ubyte"}) {
      spec_.files.push_back({name, content_[name].size(), sha256(content_[name]), "", {}});
    }
    spec_.folder_names = {"noise"};
    options_.paths.cache_dir = folder_ / "cache";
    options_.mirrors = std::vector<std::string>{};
    options_.npm = false;
  }

  fs::path cached(const std::string& name) const { return folder_.path() / "cache" / "noise" / name; }
  void serve(HttpServer& server) const {
    for (const auto& [name, content] : content_) server.files["/" + name + ".gz"] = gzip(content);
  }
  void expect_cache_complete() {
    for (const auto& [name, content] : content_) EXPECT_EQ(read(cached(name)), content) << name;
    EXPECT_THAT(
        names_in(folder_ / "cache/noise"),
        testing::ElementsAre(".lock", "SHA256SUMS", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
                             "train-images-idx3-ubyte", "train-labels-idx1-ubyte"));
    for (const FileSpec& file : spec_.files) {
      EXPECT_EQ(verify(spec_, file, cached(file.file)).verdict, FileVerdict::intact) << file.file;
    }
  }
  std::string get_error() {
    return error_of([&] { fetch(spec_, options_); });
  }

  TestFolder folder_;
  DatasetSpec spec_;
  GetOptions options_;
  std::map<std::string, std::string> content_;
};

}  // namespace apical::test
