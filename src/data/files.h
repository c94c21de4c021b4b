// Files as data sets need them: mapped for reading, unpacked as a stream, written whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace apical {

// Bytes and whatever keeps them alive.
struct SharedBytes {
  std::shared_ptr<const void> owner;
  std::span<const std::byte> bytes;
};

// Maps the whole file for reading. Throws Error if it cannot be opened or is no regular file.
SharedBytes map_file(const std::filesystem::path& file);

// Fills as much of the buffer as there is and returns the count; less than the buffer's size only at the end.
using ByteSource = std::function<std::size_t(std::span<std::byte>)>;

bool is_gzip(std::span<const std::byte> bytes);

// The content of a gzip file (also of several members in a row) that is held in memory; `where` begins the
// error messages. The source throws Error if the stream is damaged or ends early. The bytes have to outlive
// it.
ByteSource gunzip_source(std::span<const std::byte> bytes, std::string where);
ByteSource plain_source(std::span<const std::byte> bytes);

// The rest of a source, at most `limit` bytes; grows as it reads, so that a header that lies costs no memory.
std::vector<std::byte> read_up_to(const ByteSource& source, std::size_t limit);

// A file that appears under its name only when it is complete: written as "<target>.tmp-<process>", synced,
// renamed.
class CacheFile {
 public:
  // Throws Error if the folder does not take a new file.
  explicit CacheFile(std::filesystem::path target);
  ~CacheFile();  // removes what was not committed
  CacheFile(const CacheFile&) = delete;
  CacheFile& operator=(const CacheFile&) = delete;

  // Throws Error if the disk is full or fails.
  void write(std::span<const std::byte> bytes);
  void commit();
  const std::filesystem::path& temporary() const { return temporary_; }

 private:
  std::filesystem::path target_, temporary_;
  int file_ = -1;
};

// "No space left on device" as a sentence about the file, with what to do.
[[noreturn]] void throw_write_error(const std::filesystem::path& file, int error_number);

// Creates the folder and its parents. Throws Error if that is not possible.
void make_folder(const std::filesystem::path& folder);

}  // namespace apical
