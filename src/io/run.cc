#include "apical/run.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "apical/atomic_file.h"
#include "apical/error.h"
#include "io/file_lock.h"
#include "io/manifest.h"
#include "io/metrics.h"
#include "io/posix.h"

namespace apical {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLockName = ".lock";
constexpr const char* kCheckpointSuffix = ".safetensors";

std::tm utc_now() {
  return fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()));
}

std::string new_id(const std::string& rule) {
  std::random_device device;
  return fmt::format("{:%Y-%m-%d}-{}-{:06x}", utc_now(), rule, device() & 0xffffffu);
}

void make_directory(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw file_error(path, "the directory cannot be made", error.value(), write_hint(error.value()));
}

// A new directory for the run: the user's, which must be empty, or one that nobody else has made.
fs::path new_directory(RunManifest& manifest, const fs::path& runs_directory,
                       const std::optional<fs::path>& out) {
  if (out) {
    make_directory(*out);
    if (!fs::is_empty(*out)) {
      throw Error(out->string(), "the directory for a new run must be empty or new.",
                  "Choose another, or take the run in it up with `apical resume`.");
    }
    manifest.id = new_id(manifest.rule);
    return *out;
  }
  make_directory(runs_directory);
  while (true) {
    manifest.id = new_id(manifest.rule);
    std::error_code error;
    if (fs::create_directory(runs_directory / manifest.id, error)) return runs_directory / manifest.id;
    if (error)
      throw file_error(runs_directory / manifest.id, "the directory cannot be made", error.value(),
                       write_hint(error.value()));
  }
}

}  // namespace

struct Run::Files {
  explicit Files(const fs::path& directory) : lock(directory / kLockName, FileLock::IfTaken::leave) {
    if (!lock.held()) {
      throw Error(directory.string(), "another process is writing this run.",
                  "Wait until it ends, or stop it.");
    }
    const auto path = directory / kMetricsName;
    metrics = Descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
    if (!metrics.open()) throw file_error(path, "cannot be written", errno, write_hint(errno));
  }

  void cut(std::uint64_t length, const fs::path& directory) {
    if (::ftruncate(metrics.get(), static_cast<off_t>(length)) != 0) {
      throw file_error(directory / kMetricsName, "cannot be shortened", errno, write_hint(errno));
    }
    bytes = length;
  }

  FileLock lock;
  Descriptor metrics;
  std::uint64_t bytes = 0;  // whole lines so far
};

Run::Run(fs::path directory, RunManifest manifest)
    : directory_(std::move(directory)),
      manifest_(std::move(manifest)),
      files_(std::make_unique<Files>(directory_)) {}
Run::Run(Run&&) noexcept = default;
Run& Run::operator=(Run&&) noexcept = default;
Run::~Run() = default;

Run Run::create(RunManifest manifest, const fs::path& runs_directory, const std::optional<fs::path>& out) {
  const fs::path directory = new_directory(manifest, runs_directory, out);
  manifest.status = RunStatus::running;
  manifest.started = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", utc_now());
  Run run(directory, std::move(manifest));
  make_directory(run.checkpoints());
  make_directory(run.artefacts());
  run.save();
  return run;
}

Run Run::resume(const fs::path& run_directory) {
  RunManifest manifest = read_manifest(run_directory);
  Run run(run_directory, std::move(manifest));
  make_directory(run.checkpoints());
  make_directory(run.artefacts());
  for (const auto& directory : {run.directory_, run.checkpoints(), run.artefacts()})
    remove_abandoned_temporaries(directory);
  run.files_->cut(whole_lines(run_directory / kMetricsName), run_directory);
  run.update([](RunManifest& m) {
    m.status = RunStatus::running;
    m.failure.clear();
    m.ended.clear();
  });
  return run;
}

bool Run::is_being_written(const fs::path& run_directory) {
  return FileLock::is_taken(run_directory / kLockName);
}

void Run::log(const Metric& metric) {
  const std::string line = line_of(metric);
  ssize_t written = 0;
  do {
    written = ::write(files_->metrics.get(), line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(line.size())) {
    files_->bytes += line.size();
    return;
  }
  // A part of a line would spoil the next one.
  const int code = written < 0 ? errno : ENOSPC;
  files_->cut(files_->bytes, directory_);
  throw file_error(directory_ / kMetricsName, "cannot be written", code, write_hint(code));
}

std::uint64_t Run::sync_metrics() {
  if (::fdatasync(files_->metrics.get()) != 0) {
    throw file_error(directory_ / kMetricsName, "cannot be synced", errno, write_hint(errno));
  }
  return files_->bytes;
}

void Run::rewind_metrics(std::uint64_t bytes) {
  if (bytes > files_->bytes) {
    throw Error((directory_ / kMetricsName).string(),
                fmt::format("has {} bytes of whole lines, but the checkpoint was written after {}.",
                            files_->bytes, bytes),
                "The file was changed; restore it, or start a new run.");
  }
  files_->cut(bytes, directory_);
}

void Run::set_status(RunStatus status, std::string failure) {
  update([&](RunManifest& m) {
    m.status = status;
    m.failure = std::move(failure);
    m.ended = status == RunStatus::running ? "" : fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", utc_now());
  });
}

void Run::update(const std::function<void(RunManifest&)>& change) {
  change(manifest_);
  save();
}

void Run::save() const { write_manifest(directory_, manifest_); }

fs::path Run::checkpoint_path(std::int64_t epoch, std::int64_t minibatch) const {
  return checkpoints() / fmt::format("epoch-{:08}-minibatch-{:08}{}", epoch, minibatch, kCheckpointSuffix);
}

void Run::prune_checkpoints(std::size_t keep) const {
  const auto all = checkpoints_of(directory_);
  for (std::size_t i = 0; i + keep < all.size(); ++i) {
    std::error_code error;
    if (!fs::remove(all[i], error) && error) throw file_error(all[i], "cannot be removed", error.value());
  }
}

std::vector<fs::path> checkpoints_of(const fs::path& run_directory) {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(run_directory / "checkpoints", ignored)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with("epoch-") && name.ends_with(kCheckpointSuffix)) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

fs::path best_network_of(const fs::path& run_directory) {
  return run_directory / "checkpoints" / (std::string("best") + kCheckpointSuffix);
}

}  // namespace apical
