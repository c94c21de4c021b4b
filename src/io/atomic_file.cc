#include "apical/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>

#include "io/posix.h"

namespace apical {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBuffer = 1 << 16;
constexpr std::string_view kSuffix = ".apical-tmp";

fs::path directory_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// A name that no other writer of the same file has, in this process or in another.
fs::path temporary_for(const fs::path& path) {
  static std::atomic<int> count{0};
  const std::string name = fmt::format(".{}.{}-{}{}", path.filename().string(), ::getpid(), count++, kSuffix);
  return directory_of(path) / name;
}

}  // namespace

void sync_directory(const fs::path& directory) {
  const Descriptor opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some network file systems cannot sync a directory; they say EINVAL and order renames themselves.
  if (!opened.open() || (::fsync(opened.get()) != 0 && errno != EINVAL)) {
    throw file_error(directory, "the directory cannot be synced", errno);
  }
}

AtomicFile::AtomicFile(const fs::path& path) : path_(path) {
  std::error_code ignored;
  const auto kind = fs::status(path_, ignored).type();
  if (kind != fs::file_type::not_found && kind != fs::file_type::none && kind != fs::file_type::regular) {
    throw Error(path_.string(), "cannot be written: it is not a regular file.", "Choose another name.");
  }
  // What a symbolic link points to is replaced, not the link.
  if (fs::is_symlink(path_, ignored)) path_ = fs::weakly_canonical(path_);
  temporary_ = temporary_for(path_);
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) throw file_error(path_, "cannot be written", errno, write_hint(errno));
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::fail(const std::string& what, int code) {
  throw file_error(path_, what, code, write_hint(code));
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  if (bytes.size() < kBuffer)
    return write(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  flush();
  // Large pieces go straight to the file.
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot be written", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void AtomicFile::write(std::string_view text) {
  if (text.size() >= kBuffer) return write(std::as_bytes(std::span(text)));
  buffer_ += text;
  if (buffer_.size() >= kBuffer) flush();
}

void AtomicFile::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot be written", errno);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  buffer_.clear();
}

void AtomicFile::commit() {
  if (descriptor_ < 0) throw InternalError("AtomicFile::commit was called twice");
  flush();
  if (::fsync(descriptor_) != 0) fail("cannot be synced", errno);
  // Some file systems report a full disk only now.
  const int closed = ::close(std::exchange(descriptor_, -1));
  if (closed != 0) fail("cannot be written", errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail("cannot be put in place", errno);
  temporary_.clear();
  sync_directory(directory_of(path_));
}

void write_atomically(const fs::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

void remove_abandoned_temporaries(const fs::path& directory) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with('.') && name.ends_with(kSuffix)) fs::remove(entry.path(), ignored);
  }
}

std::string read_whole(const fs::path& path, std::size_t most) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) throw file_error(path, "cannot be read", errno);
  std::string text;
  std::string piece(kBuffer, '\0');
  while (true) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw file_error(path, "cannot be read", errno);
    if (got == 0) return text;
    text.append(piece, 0, static_cast<std::size_t>(got));
    if (text.size() > most)
      throw Error(path.string(), fmt::format("is larger than {} bytes, the most that is read here.", most));
  }
}

}  // namespace apical
