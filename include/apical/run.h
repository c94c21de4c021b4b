// The record of one training: a directory with manifest.json, metrics.jsonl, checkpoints/ and artefacts/.
// docs/run-format.md describes the files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "apical/environment.h"

namespace apical {

// One line of metrics.jsonl: names and values in the order of writing. A list of pairs becomes an object.
// Numbers come back with the same bits; what is not finite is written as null and named under "non_finite".
using MetricValue =
    std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>, std::vector<double>,
                 std::vector<std::string>, std::vector<std::pair<std::string, double>>>;
using Metric = std::vector<std::pair<std::string, MetricValue>>;

enum class RunStatus {
  running,  // also that of a process that was killed: see Run::is_being_written
  finished,
  stopped,  // by the user; can be resumed
  failed,   // see RunManifest::failure
};
const std::string& to_string(RunStatus status);

struct RunManifest {
  std::string id;  // "2024-05-31-dfc-3f9a2c"; made by Run::create
  std::string name, rule, data;
  std::int64_t seed = 0;
  std::map<std::string, std::string> data_sha256;  // file or part → hash
  std::string recipe;                              // resolved, as TOML
  RunStatus status = RunStatus::running;
  std::string failure;         // one sentence, if it failed
  std::string started, ended;  // UTC, "2024-05-31T12:00:00Z"
  std::string parent;          // id of the run that this one continues; empty: none
  std::string kernels, instruction_set, precision;
  std::int64_t threads = 0;
  std::vector<std::string> shortened;     // what was made smaller than published, one sentence each
  std::vector<std::string> command;       // words of the command line
  std::map<std::string, double> results;  // what lists of runs show: test_error, …
  BuildInfo build = build_info();
  MachineInfo machine = machine_info();
  bool operator==(const RunManifest&) const = default;
};

// Throws Error that names the file and what is wrong with it.
RunManifest read_manifest(const std::filesystem::path& run_directory);

// Every whole line; a half-written last one is left out. Throws Error with file and line if another line is
// damaged.
std::vector<Metric> read_metrics(const std::filesystem::path& run_directory);

// A run that this process writes. No two processes can write one run.
class Run {
 public:
  // Makes the directory and the manifest, with a new id and the time of start. `out`: this directory, which
  // must be new or empty, instead of <runs_directory>/<id>.
  static Run create(RunManifest manifest, const std::filesystem::path& runs_directory,
                    const std::optional<std::filesystem::path>& out = {});
  // Takes up a run that stopped, was killed or finished: its status is running again, a half-written last
  // line of metrics and files of killed writers are removed. Throws Error if another process is writing it.
  static Run resume(const std::filesystem::path& run_directory);
  // Whether some process holds the run open. A manifest that says running while nobody does was interrupted.
  static bool is_being_written(const std::filesystem::path& run_directory);

  Run(Run&&) noexcept;
  Run& operator=(Run&&) noexcept;
  ~Run();

  // Appends one line in a single write. Throws Error (disk full); the file then still ends with a whole line.
  void log(const Metric& metric);
  // Puts the metrics on disk and says their length in bytes, for the checkpoint that is about to be written.
  std::uint64_t sync_metrics();
  // Forgets what was logged after a checkpoint: the length that it recorded. Throws Error if the file is
  // shorter than that.
  void rewind_metrics(std::uint64_t bytes);

  // Every status but running sets the time of the end.
  void set_status(RunStatus status, std::string failure = {});
  // Changes the manifest and saves it, atomically.
  void update(const std::function<void(RunManifest&)>& change);

  const RunManifest& manifest() const { return manifest_; }
  const std::filesystem::path& directory() const { return directory_; }
  std::filesystem::path checkpoints() const { return directory_ / "checkpoints"; }
  std::filesystem::path artefacts() const { return directory_ / "artefacts"; }
  // checkpoints/epoch-00000012-minibatch-00000345.safetensors: names sort by time.
  std::filesystem::path checkpoint_path(std::int64_t epoch, std::int64_t minibatch) const;
  // Removes all checkpoints but the latest `keep`.
  void prune_checkpoints(std::size_t keep) const;

 private:
  struct Files;
  Run(std::filesystem::path directory, RunManifest manifest);
  void save() const;

  std::filesystem::path directory_;
  RunManifest manifest_;
  std::unique_ptr<Files> files_;
};

// The checkpoints of a run, earliest first.
std::vector<std::filesystem::path> checkpoints_of(const std::filesystem::path& run_directory);
// Where the weights stand that the run had at the epoch of its best validation result; there are none without validation samples.
std::filesystem::path best_network_of(const std::filesystem::path& run_directory);

}  // namespace apical
