#include "io/file_lock.h"

#include <fcntl.h>

#include <cerrno>

namespace apical {
namespace {

// Locks of the open file, not of the process: two holders in one process exclude each other too.
struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

FileLock::FileLock(const std::filesystem::path& path, IfTaken if_taken)
    : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  if (!file_.open()) throw file_error(path, "cannot be locked", errno, write_hint(errno));
  struct flock lock = whole_file();
  int result = 0;
  do {
    result = ::fcntl(file_.get(), if_taken == IfTaken::wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock);
  } while (result != 0 && errno == EINTR);
  held_ = result == 0;
  if (!held_ && errno != EAGAIN && errno != EACCES) throw file_error(path, "cannot be locked", errno);
}

bool FileLock::is_taken(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) return false;
  struct flock lock = whole_file();
  return ::fcntl(file.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace apical
