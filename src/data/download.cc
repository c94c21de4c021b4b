#include "data/download.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <mutex>
#include <thread>

#include "apical/error.h"
#include "data/files.h"

namespace apical {
namespace {

constexpr int kAttempts = 3;
constexpr long kStatusRangeNotSatisfiable = 416, kStatusFirstServerError = 500;

// What libcurl's callbacks see.
struct Transfer {
  int file = -1;
  int write_error = 0;
  std::uint64_t start = 0;  // bytes that were there before
  const std::function<void(std::uint64_t, std::uint64_t)>* progress = nullptr;
  std::chrono::steady_clock::time_point last_report{};
};

std::size_t on_data(char* data, std::size_t size, std::size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  std::span<const char> bytes(data, size * count);
  while (!bytes.empty()) {
    const ssize_t written = write(transfer.file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      transfer.write_error = errno;
      return 0;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return size * count;
}

int on_progress(void* context, curl_off_t total, curl_off_t done, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(context);
  const auto now = std::chrono::steady_clock::now();
  const bool end = total > 0 && done == total;
  if (done > 0 && (end || now - transfer.last_report > std::chrono::milliseconds(100))) {
    transfer.last_report = now;
    (*transfer.progress)(transfer.start + static_cast<std::uint64_t>(done),
                         total > 0 ? transfer.start + static_cast<std::uint64_t>(total) : 0);
  }
  return 0;
}

struct CloseFile {
  int file;
  ~CloseFile() { close(file); }
};

void set_options(CURL* curl, const std::string& address, const GetOptions& options, Transfer& transfer,
                 char* message) {
  const bool secure = address.starts_with("https:");
  curl_easy_setopt(curl, CURLOPT_URL, address.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, secure ? "https" : "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout_s * 1000));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1000L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.stall_timeout_s));
  curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(transfer.start));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message);
}

struct Attempt {
  CURLcode code = CURLE_OK;
  long status = 0;
  std::string why;
};

Attempt attempt(const std::string& address, const std::filesystem::path& part, const GetOptions& options,
                const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  const CloseFile file{open(part.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)};
  if (file.file < 0) throw_write_error(part, errno);
  struct stat status {};
  fstat(file.file, &status);
  Transfer transfer;
  transfer.file = file.file;
  transfer.start = static_cast<std::uint64_t>(status.st_size);
  transfer.progress = &progress;

  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), curl_easy_cleanup);
  if (!curl) throw InternalError("libcurl does not start");
  char message[CURL_ERROR_SIZE] = "";
  set_options(curl.get(), address, options, transfer, message);
  Attempt result;
  result.code = curl_easy_perform(curl.get());
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &result.status);
  if (transfer.write_error != 0) {
    // A full disk needs the room more than a later attempt needs the beginning of the file.
    unlink(part.c_str());
    throw_write_error(part, transfer.write_error);
  }
  if (result.code != CURLE_OK) result.why = message[0] ? message : curl_easy_strerror(result.code);
  return result;
}

bool is_unreachable(CURLcode code) {
  return code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY ||
         code == CURLE_COULDNT_CONNECT || code == CURLE_SSL_CONNECT_ERROR ||
         code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_URL_MALFORMAT ||
         code == CURLE_UNSUPPORTED_PROTOCOL;
}

bool has_nothing(const std::filesystem::path& file) {
  std::error_code code;
  return std::filesystem::file_size(file, code) == 0 || code;
}

}  // namespace

Download download(const std::string& address, const std::filesystem::path& part, const GetOptions& options,
                  const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  static std::once_flag started;
  std::call_once(started, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });

  Download result;
  bool hopeless = false;
  for (int tries = 0; tries < kAttempts && !result.done && !hopeless; ++tries) {
    if (tries > 0) std::this_thread::sleep_for(std::chrono::milliseconds(200) * tries);
    const bool fresh = has_nothing(part);
    const Attempt now = attempt(address, part, options, progress);
    // Nothing to add: the part is the whole file, or does not belong to it; the sum will tell.
    const bool beyond_end = now.status == kStatusRangeNotSatisfiable && !fresh;
    result.done = now.code == CURLE_OK || beyond_end;
    result.why = now.why;
    if ((now.code == CURLE_RANGE_ERROR || now.code == CURLE_BAD_DOWNLOAD_RESUME) && !fresh) {
      std::filesystem::remove(part);
      continue;
    }
    // A host that is not there or says nothing, and a file that is not there, will be so a second later.
    const bool silent = now.code == CURLE_OPERATION_TIMEDOUT && now.status == 0;
    const bool absent = now.code == CURLE_HTTP_RETURNED_ERROR && now.status < kStatusFirstServerError;
    hopeless = is_unreachable(now.code) || silent || absent;
  }
  if (has_nothing(part)) {
    std::error_code ignored;
    std::filesystem::remove(part, ignored);
  }
  return result;
}

}  // namespace apical
