// Saving so that a full disk, a killed process or a power cut leaves either the old file or the new one,
// whole.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace apical {

// Writes to a temporary name in the same directory; commit() syncs it, renames it over `path` and syncs the
// directory. Destroyed without commit(), it removes the temporary and the old file stays as it was.
class AtomicFile {
 public:
  // Throws Error if the directory cannot be written or `path` is something other than a regular file.
  explicit AtomicFile(const std::filesystem::path& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  // Appends; throws Error that names the file and the system's reason.
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);
  // Puts the new file in place of the old. Called once, last.
  void commit();

 private:
  void flush();
  [[noreturn]] void fail(const std::string& what, int code);

  std::filesystem::path path_, temporary_;
  int descriptor_ = -1;
  std::string buffer_;  // small writes are gathered
};

// The whole of a small file in one go.
void write_atomically(const std::filesystem::path& path, std::string_view text);

// Removes what writers killed in this directory have left behind. Only for a directory that nobody is writing
// to.
void remove_abandoned_temporaries(const std::filesystem::path& directory);

// The whole of a file; throws Error if it cannot be read or is larger than `most` bytes.
std::string read_whole(const std::filesystem::path& path, std::size_t most);

}  // namespace apical
