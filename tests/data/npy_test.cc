#include "data/npy.h"

#include "support.h"

namespace apical {
namespace {

using namespace test;
using testing::HasSubstr;

// The fixtures are written by NumPy: see files/make_fixtures.py.

TEST(ReadNpy, ReadsWhatNumPyWrites) {
  const std::vector<float> x = {0.5F, 1.5F, 2.5F, 3.5F, 4.5F, 5.5F};
  for (const char* name : {"float32.npy", "version2.npy"}) {
    const Array array = read_npy(fixture(name));
    EXPECT_EQ(array.shape, (std::vector<std::size_t>{2, 3})) << name;
    EXPECT_EQ(to_vector(std::get<std::span<const float>>(array.values)), x) << name;
  }
  EXPECT_EQ(to_vector(std::get<std::span<const double>>(read_npy(fixture("float64_big_endian.npy")).values)),
            std::vector<double>(x.begin(), x.end()));
  const Array images = read_npy(fixture("uint8_images.npy"));
  EXPECT_EQ(images.shape, (std::vector<std::size_t>{3, 2, 2}));
  EXPECT_EQ(std::get<std::span<const std::uint8_t>>(images.values)[11], 11);
  EXPECT_EQ(to_vector(std::get<std::span<const std::int64_t>>(read_npy(fixture("int64.npy")).values)),
            (std::vector<std::int64_t>{-1, 0, std::int64_t{1} << 40}));
  EXPECT_EQ(to_vector(std::get<std::span<const std::uint8_t>>(read_npy(fixture("bool.npy")).values)),
            (std::vector<std::uint8_t>{1, 0, 1}));
}

TEST(ReadNpy, RefusesOtherElementsAndOrders) {
  EXPECT_THAT(error_of([] { read_npy(fixture("complex.npy")); }), HasSubstr("has the element type '<c16'"));
  EXPECT_THAT(error_of([] { read_npy(fixture("fortran.npy")); }), HasSubstr("is in Fortran order"));
}

TEST(ReadNpy, RefusesEveryTruncationAndTrailingBytes) {
  const TestFolder folder;
  const std::string whole = read(fixture("float32.npy"));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto file = folder.write("short.npy", whole.substr(0, length));
    EXPECT_THAT(error_of([&] { read_npy(file); }), HasSubstr(length < 6 ? "is no NPY file" : "is truncated"))
        << length;
  }
  EXPECT_THAT(
      error_of([&] { read_npy(folder.write("long.npy", whole + "x")); }),
      HasSubstr(
          "has trailing bytes: 2 x 3 elements of 4 bytes need 24 bytes after the header, but there are 25."));
}

TEST(ReadNpy, RefusesAMalformedHeader) {
  const TestFolder folder;
  const std::string whole = read(fixture("float32.npy"));
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = whole;
    text.replace(text.find(from), from.size(), to);
    return folder.write("changed.npy", text);
  };
  EXPECT_THAT(error_of([&] { read_npy(changed("NUMPY", "NUMPX")); }), HasSubstr("is no NPY file"));
  EXPECT_THAT(error_of([&] { read_npy(changed("'shape'", "'shapo'")); }), HasSubstr("has no 'shape'"));
  EXPECT_THAT(error_of([&] { read_npy(changed("'descr'", "'deskr'")); }), HasSubstr("has no 'descr'"));
  EXPECT_THAT(error_of([&] { read_npy(changed("(2, 3)", "(2, x)")); }), HasSubstr("malformed shape"));
  EXPECT_THAT(error_of([&] { read_npy(changed("(2, 3)", "(-2,3)")); }), HasSubstr("malformed shape"));
  EXPECT_THAT(
      error_of([&] { read_npy(changed(std::string("\x93NUMPY\x01", 7), std::string("\x93NUMPY\x09", 7))); }),
      HasSubstr("version 9"));
}

TEST(ReadNpz, ReadsStoredAndDeflatedArchivesOfNumPy) {
  const std::vector<std::string> names = {"x", "y", "x_test"};
  const auto stored = read_npz(fixture("stored.npz"), names);
  EXPECT_EQ(stored.size(), 2U);
  EXPECT_EQ(stored.at("x").shape, (std::vector<std::size_t>{10, 2}));
  EXPECT_EQ(std::get<std::span<const float>>(stored.at("x").values)[19], 19.0F);
  EXPECT_EQ(std::get<std::span<const std::int64_t>>(stored.at("y").values)[5], 2);
  const auto deflated = read_npz(fixture("deflated.npz"), names);
  EXPECT_EQ(deflated.size(), 3U);
  EXPECT_EQ(deflated.at("x_test").shape, (std::vector<std::size_t>{4, 2}));
}

TEST(ReadNpz, RefusesEveryTruncation) {
  const TestFolder folder;
  const std::vector<std::string> names = {"x", "y"};
  const std::string whole = read(fixture("stored.npz"));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto file = folder.write("short.npz", whole.substr(0, length));
    EXPECT_THAT(error_of([&] { read_npz(file, names); }), HasSubstr("is no intact NPZ (zip) archive"))
        << length;
  }
}

TEST(ReadNpz, NoticesADamagedEntryByItsChecksum) {
  const TestFolder folder;
  const std::vector<std::string> names = {"x", "y"};
  std::string damaged = read(fixture("stored.npz"));
  // 19.0 as float32, the last value of x: 0x41980000.
  const std::size_t at = damaged.find(std::string("\x00\x00\x98\x41", 4));
  ASSERT_NE(at, std::string::npos);
  damaged[at] ^= 1;
  EXPECT_THAT(error_of([&] { read_npz(folder.write("bad.npz", damaged), names); }),
              HasSubstr("x.npy: is damaged: CRC error"));
}

TEST(ReadNpz, SaysWhatIsNoArchive) {
  const TestFolder folder;
  const std::vector<std::string> names = {"x"};
  EXPECT_THAT(error_of([&] { read_npz(folder.write("text.npz", "hello"), names); }),
              HasSubstr("is no intact NPZ"));
  EXPECT_THAT(error_of([&] { read_npz(folder / "none.npz", names); }), HasSubstr("cannot be opened"));
}

}  // namespace
}  // namespace apical
