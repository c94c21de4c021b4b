// A lock that the kernel releases when its holder ends, however it ends.
#pragma once

#include <filesystem>

#include "io/posix.h"

namespace apical {

class FileLock {
 public:
  // Takes the lock on this file, which is made if need be; waits for it, or leaves it if it is taken.
  enum class IfTaken { wait, leave };
  FileLock(const std::filesystem::path& path, IfTaken if_taken);
  bool held() const { return held_; }

  // Whether another holder has it. Never takes it, so that asking disturbs nobody.
  static bool is_taken(const std::filesystem::path& path);

 private:
  Descriptor file_;
  bool held_ = false;
};

}  // namespace apical
