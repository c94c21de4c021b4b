#include "data/idx.h"

#include <bit>

#include "support.h"

namespace apical {
namespace {

using namespace test;
using testing::HasSubstr;

const std::string kImages = idx(0x803, {2, 2, 3}, bytes_of({0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255}));

TEST(ReadIdx, GivesBytesAndShapeOfAPlainFile) {
  const TestFolder folder;
  const Array array = read_idx(folder.write("images", kImages), kIdxImages);
  EXPECT_EQ(array.shape, (std::vector<std::size_t>{2, 2, 3}));
  EXPECT_EQ(to_vector(std::get<std::span<const std::uint8_t>>(array.values)),
            (std::vector<std::uint8_t>{0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255}));
}

TEST(ReadIdx, GivesTheSameOfAGzipFileAlsoInSeveralMembers) {
  const TestFolder folder;
  const std::vector<std::string> packed = {gzip(kImages),
                                           gzip(kImages.substr(0, 5)) + gzip(kImages.substr(5)),
                                           gzip(kImages) + std::string(7, '\0')};
  for (const auto& content : packed) {
    const Array array = read_idx(folder.write("images.gz", content), kIdxImages);
    EXPECT_EQ(array.shape, (std::vector<std::size_t>{2, 2, 3}));
    EXPECT_EQ(std::get<std::span<const std::uint8_t>>(array.values)[11], 255);
  }
}

TEST(ReadIdx, TurnsBigEndianNumbersRound) {
  const TestFolder folder;
  const auto f32 = read_idx(folder.write("f32", idx(0xd01, {2},
                                                    big_endian(std::bit_cast<std::uint32_t>(1.5F)) +
                                                        big_endian(std::bit_cast<std::uint32_t>(-2.0F)))));
  EXPECT_EQ(to_vector(std::get<std::span<const float>>(f32.values)), (std::vector<float>{1.5F, -2.0F}));
  // 1.5 = 0x3ff8…, as IEEE 754 has it.
  const auto f64 = read_idx(folder.write("f64", idx(0xe01, {1}, bytes_of({0x3f, 0xf8, 0, 0, 0, 0, 0, 0}))));
  EXPECT_EQ(to_vector(std::get<std::span<const double>>(f64.values)), std::vector<double>{1.5});
  const auto i8 = read_idx(folder.write("i8", idx(0x901, {2}, bytes_of({255, 127}))));
  EXPECT_EQ(to_vector(std::get<std::span<const std::int64_t>>(i8.values)),
            (std::vector<std::int64_t>{-1, 127}));
  const auto i16 = read_idx(folder.write("i16", idx(0xb01, {2}, bytes_of({1, 2, 255, 254}))));
  EXPECT_EQ(to_vector(std::get<std::span<const std::int64_t>>(i16.values)),
            (std::vector<std::int64_t>{258, -2}));
  const auto i32 = read_idx(folder.write("i32", idx(0xc01, {1}, bytes_of({0, 1, 0, 0}))));
  EXPECT_EQ(to_vector(std::get<std::span<const std::int64_t>>(i32.values)), std::vector<std::int64_t>{65536});
}

TEST(ReadIdx, SaysWhatMagicNumberCameAndWhatWasExpected) {
  const TestFolder folder;
  const auto labels = folder.write("labels", idx(0x801, {1}, "a"));
  EXPECT_EQ(
      error_of([&] { read_idx(labels, kIdxImages); }),
      labels.string() +
          ": has the wrong magic number: got 0x00000801 (labels: bytes in 1 dimension), expected 0x00000803 "
          "(images: bytes in 3 dimensions).");
  for (const std::uint32_t magic : {0x12345678U, 0x00000a01U, 0x00000800U, 0x01000803U}) {
    const auto file = folder.write("odd", idx(magic, {1, 1, 1}, "a"));
    EXPECT_THAT(error_of([&] { read_idx(file); }), HasSubstr("wrong magic number: got 0x"))
        << std::hex << magic;
  }
}

TEST(ReadIdx, RefusesEveryTruncation) {
  const TestFolder folder;
  for (std::size_t length = 0; length < kImages.size(); ++length) {
    const auto plain = folder.write("short", kImages.substr(0, length));
    EXPECT_THAT(error_of([&] { read_idx(plain); }), HasSubstr("is truncated")) << length;
    const auto packed = folder.write("short.gz", gzip(kImages.substr(0, length)));
    EXPECT_THAT(error_of([&] { read_idx(packed); }), HasSubstr("is truncated")) << length;
  }
  const auto message = error_of([&] { read_idx(folder.write("short", kImages.substr(0, 20))); });
  EXPECT_THAT(message,
              HasSubstr("2 x 2 x 3 elements of 1 bytes need 28 bytes with the header, but there are 20."));
}

TEST(ReadIdx, RefusesATruncatedOrDamagedGzipStream) {
  const TestFolder folder;
  const std::string packed = gzip(kImages);
  for (std::size_t length = 2; length < packed.size(); ++length) {
    const auto file = folder.write("short.gz", packed.substr(0, length));
    EXPECT_THAT(error_of([&] { read_idx(file); }), HasSubstr("gzip stream ends early")) << length;
  }
  std::string damaged = packed;
  damaged[packed.size() - 6] ^= 1;  // in the stored checksum
  EXPECT_THAT(error_of([&] { read_idx(folder.write("bad.gz", damaged)); }), HasSubstr("is damaged"));
  EXPECT_THAT(error_of([&] { read_idx(folder.write("bad.gz", packed + "rest")); }), HasSubstr("gzip"));
}

TEST(ReadIdx, RefusesTrailingBytes) {
  const TestFolder folder;
  EXPECT_THAT(error_of([&] { read_idx(folder.write("long", kImages + "x")); }),
              HasSubstr("has trailing bytes"));
  EXPECT_THAT(error_of([&] { read_idx(folder.write("long.gz", gzip(kImages + "x"))); }),
              HasSubstr("has trailing bytes"));
}

TEST(ReadIdx, AHeaderThatAnnouncesTooMuchCostsNoMemory) {
  const TestFolder folder;
  const std::string huge = idx(0x803, {0xffffffffU, 0xffffffffU, 0xffffffffU}, "abc");
  EXPECT_THAT(error_of([&] { read_idx(folder.write("huge", huge)); }), HasSubstr("which no file can hold"));
  const std::string large = idx(0xe02, {0x00ffffffU, 0x00100000U}, "abc");
  EXPECT_THAT(error_of([&] { read_idx(folder.write("large", large)); }), HasSubstr("is truncated"));
  EXPECT_THAT(error_of([&] { read_idx(folder.write("large.gz", gzip(large))); }), HasSubstr("is truncated"));
}

TEST(ReadIdx, SaysWhyAFileCannotBeOpened) {
  const TestFolder folder;
  EXPECT_THAT(error_of([&] { read_idx(folder / "none"); }), HasSubstr("cannot be opened: No such file"));
  EXPECT_THAT(error_of([&] { read_idx(folder.path()); }), HasSubstr("is no regular file"));
}

}  // namespace
}  // namespace apical
