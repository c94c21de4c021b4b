#include "apical/run_index.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <span>

#include "apical/error.h"
#include "io/file_lock.h"
#include "io/manifest.h"
#include "io/sqlite.h"

namespace apical {
namespace {

namespace fs = std::filesystem;

constexpr const char* kName = "index.sqlite3";
constexpr const char* kLockName = ".index.lock";
constexpr int kSchema = 1;

// The manifest's time and size: if they are those of the index, its row holds.
std::optional<std::string> stamp_of(const fs::path& run_directory) {
  struct stat facts {};
  if (::stat((run_directory / kManifestName).c_str(), &facts) != 0) return std::nullopt;
  return fmt::format("{}.{:09}-{}-{}", facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec, facts.st_size,
                     facts.st_ino);
}

std::string full_path(const fs::path& path) {
  std::error_code error;
  const auto canonical = fs::weakly_canonical(path, error);
  return (error ? path : canonical).string();
}

// "test_error=0.02;loss=0.1": read back by results_of, nowhere else.
std::string results_text(const std::map<std::string, double>& results) {
  std::string text;
  for (const auto& [name, value] : results) text += fmt::format("{}={};", name, value);
  return text;
}

std::map<std::string, double> results_of(const std::string& text) {
  std::map<std::string, double> results;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find(';', at);
    const auto equals = text.rfind('=', end);
    if (end == std::string::npos || equals == std::string::npos || equals < at) break;
    results[text.substr(at, equals - at)] = std::strtod(text.c_str() + equals + 1, nullptr);
    at = end + 1;
  }
  return results;
}

void make_schema(Sqlite& database) {
  database.run(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
      "CREATE TABLE IF NOT EXISTS runs (path TEXT PRIMARY KEY, stamp TEXT, id TEXT, name TEXT, rule TEXT, "
      "data TEXT, seed INTEGER,"
      " status TEXT, started TEXT, ended TEXT, results TEXT);"
      "PRAGMA user_version = " +
      std::to_string(kSchema));
}

// Whole, and of this schema or new.
bool is_sound(const Sqlite& database) {
  SqliteStatement check(database, "PRAGMA quick_check(1)");
  if (!check.step() || check.text(0) != "ok") return false;
  SqliteStatement version(database, "PRAGMA user_version");
  return version.step() && (version.whole(0) == kSchema || version.whole(0) == 0);
}

// The database in the directory; a damaged one is thrown away, since the manifests say everything again.
Sqlite open_index(const fs::path& runs_directory) {
  const auto path = (runs_directory / kName).string();
  const FileLock lock(runs_directory / kLockName, FileLock::IfTaken::wait);
  try {
    Sqlite database(path);
    if (is_sound(database)) {
      make_schema(database);
      return database;
    }
  } catch (const SqliteError&) {
    if (!fs::exists(path)) throw;
  }
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(path + suffix);
  Sqlite database(path);
  make_schema(database);
  return database;
}

Sqlite open_index_or_memory(const fs::path& runs_directory) {
  try {
    if (fs::is_directory(runs_directory)) return open_index(runs_directory);
  } catch (const Error&) {
    // A directory that may only be read can still be listed.
  } catch (const SqliteError&) {
  } catch (const fs::filesystem_error&) {
  }
  Sqlite database(":memory:");
  make_schema(database);
  return database;
}

Error unknown_run(const fs::path& runs_directory, std::string_view prefix, std::span<const std::string> ids) {
  constexpr std::size_t kMostNamed = 5;
  auto nearest = nearest_first(prefix, ids);
  if (nearest.size() > kMostNamed) nearest.resize(kMostNamed);
  const std::string hint =
      nearest.empty() ? "There are no runs yet." : fmt::format("Nearest: {}.", fmt::join(nearest, ", "));
  return Error(runs_directory.string(), fmt::format("there is no run '{}'.", prefix), hint);
}

std::string last_part(const std::string& id) { return id.substr(id.rfind('-') + 1); }

}  // namespace

struct RunIndex::Database {
  Sqlite sqlite;

  void put(const std::string& path, const std::string& stamp) {
    RunManifest m;
    std::string status = "damaged";
    try {
      m = read_manifest(path);
      status = to_string(m.status);
    } catch (const Error&) {
      m.id = fs::path(path).filename().string();
    }
    SqliteStatement(sqlite, "INSERT OR REPLACE INTO runs VALUES (?,?,?,?,?,?,?,?,?,?,?)")
        .bind(path)
        .bind(stamp)
        .bind(m.id)
        .bind(m.name)
        .bind(m.rule)
        .bind(m.data)
        .bind(m.seed)
        .bind(status)
        .bind(m.started)
        .bind(m.ended)
        .bind(results_text(m.results))
        .step();
  }

  std::map<std::string, std::string> stamps() const {
    std::map<std::string, std::string> known;
    for (SqliteStatement rows(sqlite, "SELECT path, stamp FROM runs"); rows.step();)
      known[rows.text(0)] = rows.text(1);
    return known;
  }

  std::vector<RunSummary> list(const RunFilter& filter) const {
    std::vector<RunSummary> runs;
    SqliteStatement rows(sqlite,
                         "SELECT path, id, name, rule, data, seed, status, started, ended, results FROM runs"
                         " ORDER BY started DESC, id DESC");
    while (rows.step()) {
      RunSummary run{rows.text(0),  rows.text(1), rows.text(2), rows.text(3), rows.text(4),
                     rows.whole(5), rows.text(6), rows.text(7), rows.text(8), results_of(rows.text(9))};
      if (run.status == "running" && !Run::is_being_written(run.path)) run.status = "interrupted";
      const auto fits = [](const std::string& wanted, const std::string& has) {
        return wanted.empty() || wanted == has;
      };
      if (fits(filter.rule, run.rule) && fits(filter.data, run.data) && fits(filter.name, run.name) &&
          fits(filter.status, run.status)) {
        runs.push_back(std::move(run));
      }
    }
    return runs;
  }

  // All of the changes or none; others wait.
  template <class Change>
  void change(Change apply) {
    try {
      sqlite.run("BEGIN IMMEDIATE");
      try {
        apply();
        sqlite.run("COMMIT");
      } catch (...) {
        sqlite3_exec(sqlite.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
        throw;
      }
    } catch (const SqliteError& error) {
      throw Error(kName, fmt::format("the index of runs cannot be changed: {}.", error.what()),
                  "Nothing that a run recorded is lost.");
    }
  }
};

RunIndex::RunIndex(fs::path runs_directory)
    : runs_directory_(std::move(runs_directory)),
      database_(std::make_unique<Database>(Database{open_index_or_memory(runs_directory_)})) {
  refresh();
}
RunIndex::RunIndex(RunIndex&&) noexcept = default;
RunIndex& RunIndex::operator=(RunIndex&&) noexcept = default;
RunIndex::~RunIndex() = default;

void RunIndex::refresh() {
  database_->change([&] {
    auto known = database_->stamps();
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(runs_directory_, ignored)) {
      const auto stamp = stamp_of(entry.path());
      if (!stamp) continue;
      const std::string path = full_path(entry.path());
      const auto row = known.find(path);
      if (row == known.end() || row->second != *stamp) database_->put(path, *stamp);
      if (row != known.end()) known.erase(row);
    }
    // Those that are left lie elsewhere or are gone.
    for (const auto& [path, old] : known) {
      const auto stamp = stamp_of(path);
      if (!stamp) SqliteStatement(database_->sqlite, "DELETE FROM runs WHERE path = ?").bind(path).step();
      if (stamp && *stamp != old) database_->put(path, *stamp);
    }
  });
}

void RunIndex::update(const fs::path& run_directory) {
  const auto stamp = stamp_of(run_directory);
  if (!stamp) throw Error(run_directory.string(), "is not a run: it holds no manifest.json.");
  database_->change([&] { database_->put(full_path(run_directory), *stamp); });
}

std::vector<RunSummary> RunIndex::list(const RunFilter& filter) const {
  try {
    return database_->list(filter);
  } catch (const SqliteError& error) {
    throw Error(kName, fmt::format("the index of runs cannot be read: {}.", error.what()),
                "Remove it: it is made again.");
  }
}

RunSummary RunIndex::find(std::string_view prefix) const {
  std::vector<RunSummary> fitting;
  std::vector<std::string> ids;
  const std::string as_path = full_path(prefix);
  for (auto& run : list()) {
    ids.push_back(run.id);
    if (run.id == prefix || run.path == as_path) return run;
    if (!prefix.empty() && (run.id.starts_with(prefix) || last_part(run.id).starts_with(prefix)))
      fitting.push_back(run);
  }
  if (fitting.size() == 1) return fitting.front();
  if (fitting.empty()) throw unknown_run(runs_directory_, prefix, ids);
  std::vector<std::string> same;
  for (const auto& run : fitting) same.push_back(run.id);
  throw Error(runs_directory_.string(), fmt::format("'{}' is the beginning of {} runs.", prefix, same.size()),
              fmt::format("Give more of the id: {}.", fmt::join(same, ", ")));
}

}  // namespace apical
