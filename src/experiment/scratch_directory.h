// A directory that goes away with its owner.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <random>
#include <string>

namespace apical {

class ScratchDirectory {
 public:
  // "/tmp/apical-<purpose>-0123456789abcdef"
  explicit ScratchDirectory(const std::string& purpose) {
    std::random_device random;
    path_ = std::filesystem::temp_directory_path() /
            fmt::format("apical-{}-{:08x}{:08x}", purpose, random(), random());
    std::filesystem::create_directories(path_);
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace apical
