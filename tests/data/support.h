// What the tests of data share: folders, hand-made files, messages.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "apical/error.h"

namespace apical::test {

namespace fs = std::filesystem;

// A folder of this test's own, removed at its end.
class TestFolder {
 public:
  TestFolder() {
    static std::atomic<int> count{0};
    path_ = fs::temp_directory_path() /
            ("apical-data-" + std::to_string(getpid()) + "-" + std::to_string(count++));
    fs::create_directories(path_);
  }
  ~TestFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const fs::path& path() const { return path_; }
  fs::path operator/(const std::string& name) const { return path_ / name; }
  // Writes a file and returns its path.
  fs::path write(const std::string& name, const std::string& content) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream file(path_ / name, std::ios::binary);
    file << content;
    file.close();
    if (!file) ADD_FAILURE() << "cannot write " << path_ / name;
    return path_ / name;
  }

 private:
  fs::path path_;
};

inline std::string read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) ADD_FAILURE() << "cannot read " << file;
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

template <class Call>
std::string error_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

inline std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

// An IDX file by hand.
inline std::string idx(std::uint32_t magic, const std::vector<std::uint32_t>& extents,
                       const std::string& body) {
  std::string bytes = big_endian(magic);
  for (const auto extent : extents) bytes += big_endian(extent);
  return bytes + body;
}

inline std::string bytes_of(const std::vector<int>& values) {
  std::string bytes;
  for (const int value : values) bytes += static_cast<char>(value);
  return bytes;
}

// One gzip member, by zlib.
inline std::string gzip(const std::string& content) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, content.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

inline std::string fixture(const std::string& name) {
  return std::string(APICAL_TEST_DATA) + "/files/" + name;
}

template <class T>
std::vector<T> to_vector(std::span<const T> values) {
  return {values.begin(), values.end()};
}

}  // namespace apical::test
