// A database of the runs in a directory, for lists. The manifests are the truth: the database is made from
// them and made again when it is missing, damaged or behind.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "apical/run.h"

namespace apical {

struct RunSummary {
  std::filesystem::path path;
  std::string id, name, rule, data;
  std::int64_t seed = 0;
  std::string status;  // as in the manifest, "interrupted" (says running, but nobody writes it) or "damaged"
                       // (no readable manifest)
  std::string started, ended;
  std::map<std::string, double> results;
};

// Empty: any.
struct RunFilter {
  std::string rule = {}, data = {}, name = {}, status = {};
};

class RunIndex {
 public:
  // Opens <runs_directory>/index.sqlite3 and brings it up to date. Where that cannot be written, the index is
  // kept in memory. Safe to use from several processes at once.
  explicit RunIndex(std::filesystem::path runs_directory);
  RunIndex(RunIndex&&) noexcept;
  RunIndex& operator=(RunIndex&&) noexcept;
  ~RunIndex();

  // Compares every run in the directory with the index, and drops runs whose directory is gone.
  void refresh();
  // Adds a run or takes over what its manifest says now; also one outside of the runs directory.
  void update(const std::filesystem::path& run_directory);

  // Latest first.
  std::vector<RunSummary> list(const RunFilter& filter = {}) const;
  // The one run whose id, or whose id's last part, starts with `prefix`, or whose directory is this path.
  // Throws Error if there is none (nearest ids first) or more than one.
  RunSummary find(std::string_view prefix) const;

 private:
  struct Database;
  std::filesystem::path runs_directory_;
  std::unique_ptr<Database> database_;
};

}  // namespace apical
