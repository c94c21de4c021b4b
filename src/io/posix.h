// The system's words for what went wrong, in this project's form of error.
#pragma once

#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <utility>

#include "apical/error.h"

namespace apical {

// Closes what it holds.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int get() const { return number_; }
  bool open() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

// "weights.safetensors: cannot be read: No such file or directory."
inline Error file_error(const std::filesystem::path& path, const std::string& what, int code,
                        std::string hint = {}) {
  return Error(path.string(), what + ": " + std::generic_category().message(code) + ".", std::move(hint));
}

// What a user can do about a write that failed.
inline std::string write_hint(int code) {
  if (code == ENOSPC || code == EDQUOT)
    return "Free some space or choose another directory; what was saved before is unchanged.";
  if (code == EACCES || code == EPERM || code == EROFS) return "Choose a directory that you may write to.";
  return "";
}

// Makes a rename or a new file in this directory survive a power cut, where the file system can.
void sync_directory(const std::filesystem::path& directory);

}  // namespace apical
