#include "apical/atomic_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "apical/error.h"
#include "child.h"
#include "error_text.h"
#include "temporary_directory.h"

namespace apical {
namespace {

using testing::HasSubstr;

TEST(AtomicFile, ReplacesTheOldFileOnlyAtCommit) {
  const TemporaryDirectory directory;
  const auto path = directory / "a.txt";
  spill(path, "old");
  AtomicFile file(path);
  file.write("ne");
  file.write("w");
  EXPECT_EQ(slurp(path), "old");
  file.commit();
  EXPECT_EQ(slurp(path), "new");
  EXPECT_EQ(entries(directory.path()), 1);
}

TEST(AtomicFile, LeavesNothingBehindWithoutCommit) {
  const TemporaryDirectory directory;
  {
    AtomicFile file(directory / "a.txt");
    file.write(std::string(1 << 20, 'x'));
    EXPECT_EQ(entries(directory.path()), 1);
  }
  EXPECT_EQ(entries(directory.path()), 0);
}

TEST(AtomicFile, KeepsTheOrderOfSmallAndLargePieces) {
  const TemporaryDirectory directory;
  const std::string large(200000, 'L');
  AtomicFile file(directory / "a");
  file.write("first ");
  file.write(large);
  file.write(" last");
  file.commit();
  EXPECT_EQ(slurp(directory / "a"), "first " + large + " last");
}

TEST(AtomicFile, AFullDiskLeavesTheOldFileAndSaysSo) {
  const TemporaryDirectory directory;
  const auto path = directory / "a.txt";
  spill(path, "old");
  // A limit on the size of files stands for the full disk where tmpfs may not be mounted.
  const int result = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{100000, 100000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto text = error_text([&] { write_atomically(path, std::string(300000, 'x')); });
    return text == path.string() + ": cannot be written: File too large." ? 0 : 1;
  });
  EXPECT_EQ(result, 0);
  EXPECT_EQ(slurp(path), "old");
  EXPECT_EQ(entries(directory.path()), 1);
}

TEST(AtomicFile, AFullFileSystemLeavesTheOldFileAndSaysWhatToDo) {
  const TemporaryDirectory directory;
  constexpr int kNotAllowed = 77;
  const int result = in_child([&] {
    const bool mounted = (::unshare(CLONE_NEWNS) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) &&
                         ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                         ::mount("tmpfs", directory.path().c_str(), "tmpfs", 0, "size=128k") == 0;
    if (!mounted) return kNotAllowed;
    spill(directory / "a.txt", "old");
    const auto text = error_text([&] { write_atomically(directory / "a.txt", std::string(300000, 'x')); });
    const bool said =
        text.find("cannot be written: No space left on device. Free some space") != std::string::npos;
    return said && slurp(directory / "a.txt") == "old" && entries(directory.path()) == 1 ? 0 : 1;
  });
  if (result == kNotAllowed) GTEST_SKIP() << "this machine lets no test mount a small file system";
  EXPECT_EQ(result, 0);
}

TEST(AtomicFile, AReadOnlyDirectoryIsRefusedWithItsReason) {
  const TemporaryDirectory directory;
  spill(directory / "a.txt", "old");
  std::filesystem::permissions(directory.path(), std::filesystem::perms(0555));
  const int result = in_child([&] {
    // Root may write anywhere, so become nobody.
    if (::geteuid() == 0 && ::setuid(65534) != 0) return 2;
    const auto text = error_text([&] { write_atomically(directory / "a.txt", "new"); });
    return text.find("a.txt: cannot be written: Permission denied. Choose a directory") != std::string::npos
               ? 0
               : 1;
  });
  EXPECT_EQ(result, 0);
  EXPECT_EQ(slurp(directory / "a.txt"), "old");
}

TEST(AtomicFile, AKilledWriterLeavesTheOldFileWhole) {
  const TemporaryDirectory directory;
  const auto path = directory / "a.txt";
  spill(path, "old");
  ASSERT_TRUE(killed_after([&](auto wait_for_death) {
    AtomicFile file(path);
    file.write(std::string(1 << 20, 'x'));
    wait_for_death();
  }));
  EXPECT_EQ(slurp(path), "old");
  EXPECT_EQ(entries(directory.path()), 2) << "the child was killed before it had written anything";
  remove_abandoned_temporaries(directory.path());
  EXPECT_EQ(entries(directory.path()), 1);
  write_atomically(path, "new");
  EXPECT_EQ(slurp(path), "new");
}

TEST(AtomicFile, NeverReplacesADeviceOrADirectory) {
  EXPECT_THAT(error_text([] { write_atomically("/dev/full", "x"); }), HasSubstr("it is not a regular file"));
  const TemporaryDirectory directory;
  EXPECT_THAT(error_text([&] { write_atomically(directory.path(), "x"); }),
              HasSubstr("it is not a regular file"));
  EXPECT_THAT(error_text([&] { write_atomically(directory / "no/where", "x"); }),
              HasSubstr("No such file or directory"));
}

TEST(AtomicFile, WritesThroughASymbolicLink) {
  const TemporaryDirectory directory;
  spill(directory / "target", "old");
  std::filesystem::create_symlink("target", directory / "link");
  write_atomically(directory / "link", "new");
  EXPECT_TRUE(std::filesystem::is_symlink(directory / "link"));
  EXPECT_EQ(slurp(directory / "target"), "new");
}

TEST(ReadWhole, RefusesWhatIsTooLargeOrMissing) {
  const TemporaryDirectory directory;
  spill(directory / "a", "12345");
  EXPECT_EQ(read_whole(directory / "a", 5), "12345");
  EXPECT_THAT(error_text([&] { read_whole(directory / "a", 4); }), HasSubstr("larger than 4 bytes"));
  EXPECT_THAT(error_text([&] { read_whole(directory / "b", 4); }), HasSubstr("cannot be read: No such file"));
  EXPECT_THAT(error_text([&] { read_whole(directory.path(), 4); }),
              HasSubstr("cannot be read: Is a directory"));
}

}  // namespace
}  // namespace apical
