#include "data/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "apical/error.h"

namespace apical {
namespace {

// Inflates gzip members one after the other.
class Gunzip {
 public:
  Gunzip(std::span<const std::byte> bytes, std::string where) : where_(std::move(where)), input_(bytes) {
    constexpr int kGzipWindow = 15 + 16;
    if (inflateInit2(&stream_, kGzipWindow) != Z_OK) throw InternalError("zlib does not start");
  }
  ~Gunzip() { inflateEnd(&stream_); }
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  std::size_t read(std::span<std::byte> out) {
    std::size_t done = 0;
    while (done < out.size() && !ended_) done += step(out.subspan(done));
    return done;
  }

 private:
  // One call of inflate; zlib counts in 32 bits, hence the pieces.
  std::size_t step(std::span<std::byte> out) {
    constexpr std::size_t kPiece = 1U << 30;
    const std::size_t in_piece = std::min(input_.size(), kPiece), out_piece = std::min(out.size(), kPiece);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(input_.data()));
    stream_.avail_in = static_cast<uInt>(in_piece);
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out_piece);
    const int code = inflate(&stream_, Z_NO_FLUSH);
    input_ = input_.subspan(in_piece - stream_.avail_in);
    const std::size_t made = out_piece - stream_.avail_out;
    if (code == Z_STREAM_END) {
      next_member();
    } else if (code == Z_BUF_ERROR || (code == Z_OK && input_.empty() && made == 0)) {
      throw Error(where_, "is truncated: its gzip stream ends early.", "Fetch the file again.");
    } else if (code != Z_OK) {
      throw Error(where_, fmt::format("is damaged: gzip says '{}'.", stream_.msg ? stream_.msg : "error"),
                  "Fetch the file again.");
    }
    return made;
  }

  // Zeros after the last member are padding, as gzip itself takes them.
  void next_member() {
    if (std::all_of(input_.begin(), input_.end(), [](std::byte b) { return b == std::byte{0}; })) {
      ended_ = true;
    } else {
      inflateReset(&stream_);
    }
  }

  std::string where_;
  std::span<const std::byte> input_;
  z_stream stream_{};
  bool ended_ = false;
};

struct Mapping {
  void* address;
  std::size_t size;
  Mapping(void* at, std::size_t bytes) : address(at), size(bytes) {}
  ~Mapping() { munmap(address, size); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
};

}  // namespace

SharedBytes map_file(const std::filesystem::path& file) {
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw Error(file.string(), fmt::format("cannot be opened: {}.", std::strerror(errno)));
  struct stat status {};
  const bool regular = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  const auto size = static_cast<std::size_t>(status.st_size);
  if (!regular || size == 0) {
    close(descriptor);
    if (!regular) throw Error(file.string(), "is no regular file.");
    return {};
  }
  void* address = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  const int error_number = errno;
  close(descriptor);
  if (address == MAP_FAILED) {
    throw Error(file.string(), fmt::format("cannot be read: {}.", std::strerror(error_number)));
  }
  auto mapping = std::make_shared<const Mapping>(address, size);
  return {mapping, {static_cast<const std::byte*>(address), size}};
}

bool is_gzip(std::span<const std::byte> bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b};
}

ByteSource gunzip_source(std::span<const std::byte> bytes, std::string where) {
  auto reader = std::make_shared<Gunzip>(bytes, std::move(where));
  return [reader](std::span<std::byte> out) { return reader->read(out); };
}

ByteSource plain_source(std::span<const std::byte> bytes) {
  return [bytes](std::span<std::byte> out) mutable {
    const std::size_t count = std::min(out.size(), bytes.size());
    std::copy_n(bytes.begin(), count, out.begin());
    bytes = bytes.subspan(count);
    return count;
  };
}

std::vector<std::byte> read_up_to(const ByteSource& source, std::size_t limit) {
  std::vector<std::byte> bytes;
  std::size_t done = 0;
  while (done < limit) {
    // Doubling from 64 KiB.
    const std::size_t more = std::min(limit - done, std::max<std::size_t>(done, std::size_t{1} << 16));
    bytes.resize(done + more);
    const std::size_t count = source(std::span(bytes).subspan(done));
    done += count;
    if (count < more) break;
  }
  bytes.resize(done);
  return bytes;
}

void throw_write_error(const std::filesystem::path& file, int error_number) {
  std::string hint = "Choose another cache with APICAL_DATA.";
  if (error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG) {
    hint = "Make room, or choose another cache with APICAL_DATA.";
  }
  throw Error(file.string(), fmt::format("cannot be written: {}.", std::strerror(error_number)), hint);
}

CacheFile::CacheFile(std::filesystem::path target) : target_(std::move(target)), temporary_(target_) {
  temporary_ += fmt::format(".tmp-{}", getpid());
  file_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file_ < 0) throw_write_error(temporary_, errno);
}

CacheFile::~CacheFile() {
  if (file_ < 0) return;
  close(file_);
  unlink(temporary_.c_str());
}

void CacheFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_write_error(target_, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void CacheFile::commit() {
  if (fsync(file_) != 0 && errno != EINVAL) throw_write_error(target_, errno);
  if (rename(temporary_.c_str(), target_.c_str()) != 0) throw_write_error(target_, errno);
  close(file_);
  file_ = -1;
  // The new name itself is on disk only once the folder is.
  const int folder = open(target_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    fsync(folder);
    close(folder);
  }
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  if (code) {
    throw Error(folder.string(), fmt::format("cannot be created: {}.", code.message()),
                "Choose another cache with APICAL_DATA.");
  }
}

}  // namespace apical
