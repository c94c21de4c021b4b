#include "apical/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "error_text.h"
#include "temporary_directory.h"

namespace apical {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

std::string little_endian(std::uint64_t value) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

std::string file_of(const std::string& header, const std::string& data) {
  return little_endian(header.size()) + header + data;
}

// 1.0f, -2.5f and the double 1.0 as IEEE 754 bytes, and the byte 7.
const std::string kFloats = "\x00\x00\x80\x3f\x00\x00\x20\xc0"s;
const std::string kDouble = "\x00\x00\x00\x00\x00\x00\xf0\x3f"s;
const std::string kByte = "\x07"s;

TEST(WriteTensors, WritesTheFormatByteForByte) {
  const TemporaryDirectory directory;
  const std::array<float, 2> floats = {1.0f, -2.5f};
  const double one = 1.0;
  const std::uint8_t seven = 7;
  const std::vector<NamedTensor> tensors = {NamedTensor::of<std::uint8_t>("z", {1}, std::span(&seven, 1)),
                                            NamedTensor::of<float>("w", {1, 2}, floats),
                                            NamedTensor::of<double>("s", {}, std::span(&one, 1))};
  write_tensors(directory / "a", tensors, {{"k", "v"}});
  std::string header =
      R"({"__metadata__":{"k":"v"},"s":{"dtype":"F64","shape":[],"data_offsets":[0,8]},)"
      R"("w":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]},"z":{"dtype":"U8","shape":[1],"data_offsets":[16,17]}})";
  header.append((8 - header.size() % 8) % 8, ' ');
  EXPECT_EQ(slurp(directory / "a"), file_of(header, kDouble + kFloats + kByte));
}

TEST(ReadTensors, ReadsBytesWrittenByHand) {
  const TemporaryDirectory directory;
  spill(directory / "a",
        file_of(R"({"b":{"shape":[2],"dtype":"F32","data_offsets":[8,16]},)"
                R"("a":{"dtype":"F64","data_offsets":[0,8],"shape":[1,1]},"__metadata__":{"rule":"dfc"}})",
                kDouble + kFloats));
  const TensorFile file = read_tensors(directory / "a");
  EXPECT_EQ(file.metadata, (std::map<std::string, std::string>{{"rule", "dfc"}}));
  ASSERT_EQ(file.tensors.size(), 2u);
  EXPECT_EQ(file.tensors[0].name, "a");
  EXPECT_EQ(file.tensors[0].as<double>()[0], 1.0);
  EXPECT_EQ(file.tensors[1].as<float>()[1], -2.5f);
  EXPECT_EQ(file.tensors[1].shape, (std::vector<std::size_t>{2}));
  EXPECT_THROW(file.tensors[1].as<double>(), InternalError);
}

TEST(ReadTensors, EveryTypeComesBackAsItWas) {
  const TemporaryDirectory directory;
  const std::vector<float> f32 = {1.5f, -0.0f};
  const std::vector<double> f64 = {1e-310, -1.0 / 3};
  const std::vector<std::uint8_t> u8 = {0, 255, 3};
  const std::vector<std::int32_t> i32 = {-2147483647};
  const std::vector<std::int64_t> i64 = {-9223372036854775807};
  const std::vector<std::uint64_t> u64 = {18446744073709551615u};
  std::vector<NamedTensor> tensors = {NamedTensor::of<double>("b", {2}, f64),
                                      NamedTensor::of<std::int64_t>("c", {1, 1}, i64),
                                      NamedTensor::of<std::uint64_t>("d", {1}, u64),
                                      NamedTensor::of<float>("a", {2, 1}, f32),
                                      NamedTensor::of<std::int32_t>("é \"q\"", {1}, i32),
                                      NamedTensor::of<float>("nothing", {0, 4}, {}),
                                      NamedTensor::of<std::uint8_t>("e", {3}, u8)};
  write_tensors(directory / "a", tensors, {});
  auto read = read_tensors(directory / "a").tensors;
  const auto by_name = [](const NamedTensor& a, const NamedTensor& b) { return a.name < b.name; };
  std::sort(read.begin(), read.end(), by_name);
  std::sort(tensors.begin(), tensors.end(), by_name);
  EXPECT_EQ(read, tensors);
}

TEST(ReadTensors, AFileCutAnywhereIsRefused) {
  const TemporaryDirectory directory;
  const std::string whole = file_of(R"({"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})", kDouble);
  spill(directory / "a", whole);
  ASSERT_EQ(read_tensors(directory / "a").tensors.size(), 1u);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    spill(directory / "a", whole.substr(0, length));
    EXPECT_THAT(error_text([&] { read_tensors(directory / "a"); }),
                HasSubstr("is not a whole safetensors file"))
        << length;
  }
}

TEST(ReadTensors, SaysWhatIsWrong) {
  const TemporaryDirectory directory;
  const auto complaint = [&](const std::string& header, const std::string& data) {
    spill(directory / "a", file_of(header, data));
    return error_text([&] { read_tensors(directory / "a"); });
  };
  const auto entry = [](const std::string& name, const std::string& type, const std::string& shape,
                        const std::string& offsets) {
    return "\"" + name + "\":{\"dtype\":\"" + type + "\",\"shape\":" + shape +
           ",\"data_offsets\":" + offsets + "}";
  };
  EXPECT_THAT(complaint("{" + entry("a", "F32", "[3]", "[0,8]") + "}", kFloats),
              HasSubstr("8 bytes, which is not F32 of shape [3]"));
  EXPECT_THAT(complaint("{" + entry("a", "F32", "[2]", "[0,8]") + "}", kFloats + "x"),
              HasSubstr("1 bytes after the last tensor"));
  EXPECT_THAT(complaint("{" + entry("a", "F32", "[2]", "[1,9]") + "}", kFloats + "x"),
              HasSubstr("1 unused bytes before"));
  EXPECT_THAT(
      complaint("{" + entry("a", "F32", "[2]", "[0,8]") + "," + entry("b", "F32", "[1]", "[4,8]") + "}",
                kFloats),
      HasSubstr("tensor 'b' overlaps"));
  EXPECT_THAT(complaint("{" + entry("a", "F32", "[2]", "[8,0]") + "}", kFloats),
              HasSubstr("no valid data_offsets"));
  EXPECT_THAT(complaint("{" + entry("a", "F32", "[2]", "[0]") + "}", kFloats),
              HasSubstr("no valid data_offsets"));
  EXPECT_THAT(complaint("{" + entry("a", "F32", "[-2]", "[0,8]") + "}", kFloats),
              HasSubstr("list of whole numbers 'shape'"));
  EXPECT_THAT(complaint("{" + entry("a", "F32", "[2]", "[0,80]") + "}", kFloats),
              HasSubstr("but there are only 8"));
  EXPECT_THAT(complaint("{" + entry("a", "BF16", "[4]", "[0,8]") + "}", kFloats),
              HasSubstr("the type 'BF16'"));
  EXPECT_THAT(complaint("{" + entry("a", "F32", "[4611686018427387906]", "[0,8]") + "}", kFloats),
              HasSubstr("which is not F32"));
  EXPECT_THAT(
      complaint("{" + entry("a", "F32", "[2]", "[0,8]") + "," + entry("a", "F32", "[2]", "[0,8]") + "}",
                kFloats),
      HasSubstr("names 'a' twice"));
  EXPECT_THAT(complaint("{\"a\":3}", ""), HasSubstr("no list of whole numbers"));
  EXPECT_THAT(complaint("[1]", ""), HasSubstr("not a JSON object"));
  EXPECT_THAT(complaint("{\"__metadata__\":{\"a\":1}}", ""), HasSubstr("the metadata 'a' is not text"));
  EXPECT_THAT(complaint("{\"\xff\":1}", ""), HasSubstr("not valid JSON"));
  spill(directory / "a", little_endian(100'000'001) + "{}");
  EXPECT_THAT(error_text([&] { read_tensors(directory / "a"); }), HasSubstr("more than 100 MB"));
  spill(directory / "a", little_endian(UINT64_MAX) + "{}");
  EXPECT_THAT(error_text([&] { read_tensors(directory / "a"); }), HasSubstr("more than 100 MB"));
  EXPECT_THAT(error_text([&] { read_tensors("/dev/zero"); }), HasSubstr("not a regular file"));
  EXPECT_THAT(error_text([&] { read_tensors(directory / "b"); }), HasSubstr("No such file"));
}

TEST(WriteTensors, TwoTensorsOfOneNameAreRefusedAndTheOldFileStays) {
  const TemporaryDirectory directory;
  spill(directory / "a", "old");
  const NamedTensor tensor = NamedTensor::of<float>("w", {0}, {});
  const std::vector<NamedTensor> twice = {tensor, tensor};
  EXPECT_THAT(error_text([&] { write_tensors(directory / "a", twice, {}); }),
              HasSubstr("two entries named 'w'"));
  EXPECT_THAT(error_text([&] {
                write_tensors(directory / "a", std::vector{tensor}, {{"k", "\xff"}});
              }),
              HasSubstr("not UTF-8"));
  EXPECT_EQ(slurp(directory / "a"), "old");
  EXPECT_EQ(entries(directory.path()), 1);
}

TEST(NamedTensor, ACountThatIsNotTheShapesIsABug) {
  const std::array<float, 2> two = {};
  EXPECT_THROW(NamedTensor::of<float>("w", {3}, two), InternalError);
}

}  // namespace
}  // namespace apical
