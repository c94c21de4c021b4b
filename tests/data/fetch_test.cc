#include "data/fetch.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <cstdlib>

#include "fetch_fixture.h"

namespace apical {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(FetchTest, TakesPlainAndGzipFilesFromTheFolderOfTheUser) {
  folder_.write("mine/train-images-idx3-ubyte", content_["train-images-idx3-ubyte"]);
  folder_.write("mine/train-labels.idx1-ubyte.gz", gzip(content_["train-labels-idx1-ubyte"]));
  folder_.write("mine/noise/t10k-images-idx3-ubyte.gz", gzip(content_["t10k-images-idx3-ubyte"]));
  folder_.write("mine/t10k-labels.idx1-ubyte", content_["t10k-labels-idx1-ubyte"]);
  options_.paths.folder = folder_ / "mine";
  const GetResult result = fetch(spec_, options_);
  EXPECT_EQ(result.folder, folder_ / "cache/noise");
  EXPECT_EQ(result.sources.size(), 4U);
  expect_cache_complete();
  EXPECT_THAT(fetch(spec_, options_).sources, IsEmpty()) << "the second time all is in the cache";
}

TEST_F(FetchTest, DownloadsFromAMirrorWithProgress) {
  HttpServer server;
  serve(server);
  options_.mirrors = std::vector{server.address() + "/"};
  std::uint64_t most = 0;
  options_.progress = [&](const DataProgress& p) {
    EXPECT_EQ(p.source, server.address() + "/");
    EXPECT_LE(p.bytes_done, p.bytes_total);
    most = std::max(most, p.bytes_done);
  };
  EXPECT_THAT(fetch(spec_, options_).sources, ElementsAre(server.address() + "/"));
  expect_cache_complete();
  EXPECT_EQ(most, server.files["/train-images-idx3-ubyte.gz"].size());
  EXPECT_EQ(server.requests().size(), 4U);
}

TEST_F(FetchTest, ResumesABrokenTransferWhereItBroke) {
  HttpServer server;
  serve(server);
  server.faults["/train-images-idx3-ubyte.gz"] = {30000, 2};
  options_.mirrors = std::vector{server.address()};
  fetch(spec_, options_);
  expect_cache_complete();
  const auto requests = server.requests();
  EXPECT_THAT(std::vector(requests.begin(), requests.begin() + 3),
              ElementsAre("/train-images-idx3-ubyte.gz", "/train-images-idx3-ubyte.gz from 30000",
                          "/train-images-idx3-ubyte.gz from 60000"));
}

TEST_F(FetchTest, KeepsThePartOfADeadTransferForTheNextRun) {
  {
    HttpServer server;
    serve(server);
    server.faults["/train-images-idx3-ubyte.gz"] = {1000, 100};
    options_.mirrors = std::vector{server.address()};
    EXPECT_THAT(get_error(), HasSubstr("no source gave train-images-idx3-ubyte"));
    EXPECT_EQ(server.requests().size(), 3U);
  }
  EXPECT_THAT(names_in(folder_ / "cache/noise"), ElementsAre(".lock", "train-images-idx3-ubyte.gz.part"));
  HttpServer server;
  serve(server);
  options_.mirrors = std::vector{server.address()};
  fetch(spec_, options_);
  EXPECT_EQ(server.requests().front(), "/train-images-idx3-ubyte.gz from 3000");
  expect_cache_complete();
}

TEST_F(FetchTest, StartsOverWhereAServerCannotResume) {
  HttpServer server;
  serve(server);
  server.ranges = false;
  server.faults["/train-images-idx3-ubyte.gz"] = {30000, 1};
  options_.mirrors = std::vector{server.address()};
  fetch(spec_, options_);
  expect_cache_complete();
}

TEST_F(FetchTest, StartsOverWhereAnOldPartDoesNotFit) {
  HttpServer server;
  serve(server);
  options_.mirrors = std::vector{server.address()};
  for (const std::string& old : {std::string("what is this?"), std::string(1 << 20, 'x')}) {
    fs::remove_all(folder_ / "cache");
    folder_.write("cache/noise/train-images-idx3-ubyte.gz.part", old);
    fetch(spec_, options_);
    expect_cache_complete();
  }
}

TEST_F(FetchTest, FinishesAPartThatIsAlreadyWhole) {
  HttpServer server;
  serve(server);
  options_.mirrors = std::vector{server.address()};
  folder_.write("cache/noise/train-images-idx3-ubyte.gz.part", server.files["/train-images-idx3-ubyte.gz"]);
  fetch(spec_, options_);
  expect_cache_complete();
  EXPECT_EQ(server.requests().size(), 4U);
}

TEST_F(FetchTest, RefusesAWrongChecksumAndTakesTheNextMirror) {
  HttpServer bad, good;
  serve(bad);
  serve(good);
  std::string changed = content_["train-labels-idx1-ubyte"];
  changed.back() ^= 1;
  bad.files["/train-labels-idx1-ubyte.gz"] = gzip(changed);
  options_.mirrors = std::vector{bad.address()};
  const std::string message = get_error();
  EXPECT_THAT(message,
              HasSubstr("train-labels-idx1-ubyte has the wrong checksum: SHA-256 " + sha256(changed) +
                        ", expected " + sha256(content_["train-labels-idx1-ubyte"])));
  EXPECT_FALSE(fs::exists(cached("train-labels-idx1-ubyte")));
  EXPECT_EQ(read(cached("train-images-idx3-ubyte")), content_["train-images-idx3-ubyte"])
      << "what was right stays";
  options_.mirrors = std::vector{bad.address(), good.address()};
  fetch(spec_, options_);
  expect_cache_complete();
}

TEST_F(FetchTest, RefusesContentOfAnotherSizeOrThatIsNoIdxFile) {
  HttpServer server;
  serve(server);
  options_.mirrors = std::vector{server.address()};
  const std::string& name = spec_.files[0].file;
  const std::string page = "<html>Please log in</html>";
  server.files["/" + name + ".gz"] = page;
  EXPECT_THAT(get_error(), HasSubstr(name + " has only 26 bytes, expected 96016"));
  server.files["/" + name + ".gz"] = gzip(content_[name] + "x");
  EXPECT_THAT(get_error(), HasSubstr(name + " has more than 96016 bytes, expected 96016"));
  server.files["/" + name + ".gz"] = gzip(content_[name]).substr(0, 5000);
  EXPECT_THAT(get_error(), HasSubstr("is truncated: its gzip stream ends early"));
  EXPECT_FALSE(fs::exists(cached(name)));
}

TEST_F(FetchTest, ChecksThePublishedSumOfTheGzipFileWhereThatIsTheOnlyOne) {
  HttpServer server;
  serve(server);
  options_.mirrors = std::vector{server.address()};
  for (FileSpec& file : spec_.files) {
    file.sha256.clear();
    file.gz_sha256 = sha256(server.files["/" + file.file + ".gz"]);
  }
  const std::string right = spec_.files[1].gz_sha256;
  spec_.files[1].gz_sha256 = std::string(64, '0');
  EXPECT_THAT(get_error(), HasSubstr("train-labels-idx1-ubyte.gz has the wrong checksum"));
  spec_.files[1].gz_sha256 = right;
  fetch(spec_, options_);
  expect_cache_complete();
  // Later damage is noticed by the recorded sum.
  std::string damaged = content_["train-labels-idx1-ubyte"];
  damaged[8] ^= 1;
  folder_.write("cache/noise/train-labels-idx1-ubyte", damaged);
  EXPECT_EQ(verify(spec_, spec_.files[1], cached("train-labels-idx1-ubyte")).verdict,
            FileVerdict::wrong_checksum);
}

TEST_F(FetchTest, RecognisesSamplesInAnotherOrder) {
  for (FileSpec& file : spec_.files) file.sha256.clear();
  const auto first = static_cast<std::uint8_t>(content_["train-labels-idx1-ubyte"][8]);
  spec_.files[1].begins = {static_cast<std::uint8_t>(first + 1)};
  for (const auto& [name, content] : content_) folder_.write("mine/" + name, content);
  options_.paths.folder = folder_ / "mine";
  EXPECT_THAT(get_error(), HasSubstr("these are not the published samples in their order"));
  spec_.files[1].begins = {first};
  fetch(spec_, options_);
  expect_cache_complete();
}

TEST_F(FetchTest, GivesUpAMirrorThatCannotBeReachedAtOnceAndSaysWhyEachSourceFailed) {
  std::string dead_address;
  {
    const HttpServer server;
    dead_address = server.address();
  }
  // No resolver is asked for a name of this length.
  const std::string no_host = "http://" + std::string(300, 'a') + "/mnist";
  HttpServer missing, broken;
  broken.status = 503;
  options_.mirrors = std::vector<std::string>{no_host, dead_address, missing.address(), broken.address()};
  options_.paths.folder = folder_ / "mine";
  const std::string message = get_error();
  EXPECT_THAT(message,
              HasSubstr("data get noise: no source gave train-images-idx3-ubyte, train-labels-idx1-ubyte"));
  EXPECT_THAT(message, HasSubstr((folder_ / "mine").string() +
                                 ": there is no train-images-idx3-ubyte (plain or .gz)"));
  EXPECT_THAT(message, HasSubstr(no_host + "/train-images-idx3-ubyte.gz: Could not resolve host"));
  EXPECT_THAT(message, HasSubstr(dead_address + "/train-images-idx3-ubyte.gz: Failed to connect"));
  EXPECT_THAT(message, HasSubstr("error: 404"));
  EXPECT_THAT(message, HasSubstr("error: 503"));
  EXPECT_EQ(missing.requests().size(), 1U) << "what is not there is not asked for again";
  EXPECT_EQ(broken.requests().size(), 3U);
  EXPECT_THAT(names_in(folder_ / "cache/noise"), ElementsAre(".lock"));
}

// A host that accepts connections and never answers.
TEST_F(FetchTest, GivesUpASilentMirrorAfterTheStallTimeout) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), length), 0);
  ASSERT_EQ(listen(listener, 4), 0);
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  options_.mirrors = std::vector{"http://127.0.0.1:" + std::to_string(ntohs(address.sin_port))};
  options_.stall_timeout_s = 1;
  EXPECT_THAT(get_error(), HasSubstr("train-images-idx3-ubyte.gz: Operation too slow."));
  close(listener);
}

TEST_F(FetchTest, OfflineAsksNoMirror) {
  HttpServer server;
  serve(server);
  options_.mirrors = std::vector{server.address()};
  options_.offline = true;
  EXPECT_THAT(get_error(), HasSubstr("Tried, without the network:"));
  EXPECT_THAT(server.requests(), IsEmpty());
}

TEST_F(FetchTest, TheEnvironmentNamesMirrors) {
  HttpServer server;
  serve(server);
  options_.mirrors.reset();
  setenv("APICAL_MIRRORS", ("http://127.0.0.1:1/none, " + server.address()).c_str(), 1);
  EXPECT_THAT(fetch(spec_, options_).sources, ElementsAre(server.address()));
  setenv("APICAL_MIRRORS", "", 1);
  fs::remove_all(folder_ / "cache");
  spec_.mirrors = {server.address()};
  EXPECT_THAT(get_error(), HasSubstr("mirrors: there are none"));
  unsetenv("APICAL_MIRRORS");
  EXPECT_THAT(fetch(spec_, options_).sources, ElementsAre(server.address()));
}

TEST_F(FetchTest, ReplacesADamagedFileOfTheCacheAndRemovesLeftovers) {
  HttpServer server;
  serve(server);
  options_.mirrors = std::vector{server.address()};
  fetch(spec_, options_);
  folder_.write("cache/noise/t10k-labels-idx1-ubyte", content_["t10k-labels-idx1-ubyte"].substr(0, 20));
  folder_.write("cache/noise/train-images-idx3-ubyte.tmp-1", "left by a killed process");
  folder_.write("cache/noise/npm.tmp-1/archive.tgz", "left by a killed process");
  fetch(spec_, options_);
  expect_cache_complete();
  EXPECT_EQ(server.requests().size(), 5U) << "only the damaged file is fetched again";
}

// A cache that cannot be written.

TEST_F(FetchTest, ACacheThatCannotBeMadeIsSaidAtOnce) {
  folder_.write("file", "");
  options_.paths.cache_dir = folder_ / "file/cache";
  EXPECT_THAT(
      get_error(),
      HasSubstr(
          "file/cache/noise: cannot be created: Not a directory. Choose another cache with APICAL_DATA."));
}

TEST_F(FetchTest, AReadOnlyCacheIsSaidAtOnce) {
  if (geteuid() == 0) {
    options_.paths.cache_dir = "/proc/apical";  // where not even root can write
    EXPECT_THAT(get_error(), HasSubstr("/proc/apical"));
    return;
  }
  fs::create_directories(folder_ / "cache/noise");
  fs::permissions(folder_ / "cache/noise", fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_THAT(get_error(), HasSubstr("cannot be written: Permission denied"));
  fs::permissions(folder_ / "cache/noise", fs::perms::owner_all);
}

TEST_F(FetchTest, ACompleteCacheMayBeReadOnly) {
  for (const auto& [name, content] : content_) folder_.write("cache/noise/" + name, content);
  EXPECT_THAT(fetch(spec_, options_).sources, IsEmpty());
  EXPECT_EQ(names_in(folder_ / "cache/noise").size(), 4U) << "nothing was written";
}

// Lets the kernel refuse to make any file longer than this.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit now = before_;
    now.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, SIG_DFL);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
};

TEST_F(FetchTest, AWriteThatFailsLeavesNoHalfFile) {
  folder_.write("mine/train-images-idx3-ubyte", content_["train-images-idx3-ubyte"]);
  options_.paths.folder = folder_ / "mine";
  std::string from_folder, from_mirror;
  HttpServer server;
  serve(server);
  {
    const FileSizeLimit limit(20000);
    from_folder = get_error();
    EXPECT_THAT(names_in(folder_ / "cache/noise"), ElementsAre(".lock"));
    options_.paths.folder.reset();
    options_.mirrors = std::vector{server.address()};
    from_mirror = get_error();
  }
  EXPECT_THAT(from_folder,
              HasSubstr("train-images-idx3-ubyte: cannot be written: File too large. Make room"));
  EXPECT_THAT(from_mirror,
              HasSubstr("train-images-idx3-ubyte.gz.part: cannot be written: File too large. Make room"));
  EXPECT_THAT(names_in(folder_ / "cache/noise"), ElementsAre(".lock"));
  fetch(spec_, options_);
  expect_cache_complete();
}

TEST_F(FetchTest, AFullDiskLeavesNoHalfFile) {
  fs::create_directories(folder_ / "cache");
  if (mount("tmpfs", (folder_ / "cache").c_str(), "tmpfs", 0, "size=64k") != 0) {
    GTEST_SKIP()
        << "mounting a small disk needs root; AWriteThatFailsLeavesNoHalfFile does the same with a limit";
  }
  HttpServer server;
  serve(server);
  options_.mirrors = std::vector{server.address()};
  const std::string message = get_error();
  const auto left = names_in(folder_ / "cache/noise");
  umount((folder_ / "cache").c_str());
  EXPECT_THAT(message, HasSubstr("cannot be written: No space left on device. Make room"));
  EXPECT_THAT(left, ElementsAre(".lock"));
}

// A second process that fetches the same data set waits for the first one.
TEST_F(FetchTest, WaitsForAnotherProcess) {
  HttpServer server;
  serve(server);
  options_.mirrors = std::vector{server.address()};
  fs::create_directories(folder_ / "cache/noise");
  const int lock = open((folder_ / "cache/noise/.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  ASSERT_EQ(flock(lock, LOCK_EX), 0);
  std::atomic<bool> done{false};
  std::thread other([&] {
    fetch(spec_, options_);
    done = true;
  });
  // Meanwhile the first one finishes: nothing is left to fetch.
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_FALSE(done);
  EXPECT_THAT(server.requests(), IsEmpty());
  for (const auto& [name, content] : content_) folder_.write("cache/noise/" + name, content);
  close(lock);
  other.join();
  EXPECT_THAT(server.requests(), IsEmpty());
}

}  // namespace
}  // namespace apical
