#include <algorithm>

#include "apical/data_catalogue.h"
#include "apical/error.h"
#include "data/digits.h"
#include "data/verify.h"

namespace apical {
namespace {

std::string found_where(const DatasetSpec& spec, const DataPaths& paths) {
  if (spec.files.empty()) return "built in";
  std::filesystem::path folder;
  for (const FileSpec& file : spec.files) {
    const auto path = locate(spec, file, paths);
    if (path.empty()) return {};
    folder = path.parent_path();
  }
  return folder.string();
}

}  // namespace

std::vector<DatasetInfo> known_datasets(const DataPaths& paths) {
  std::vector<DatasetInfo> infos;
  for (const DatasetSpec& spec : catalogue()) {
    DatasetInfo info{spec.name,
                     spec.what,
                     spec.licence,
                     spec.citation,
                     spec.train,
                     spec.test,
                     spec.rows,
                     spec.cols,
                     spec.classes,
                     0,
                     spec.standardisation,
                     found_where(spec, paths),
                     spec.how_to_get};
    for (const FileSpec& file : spec.files) info.bytes += file.bytes;
    infos.push_back(std::move(info));
  }
  return infos;
}

std::string_view to_string(FileVerdict verdict) {
  switch (verdict) {
    case FileVerdict::intact:
      return "intact";
    case FileVerdict::unverified:
      return "unverified";
    case FileVerdict::missing:
      return "missing";
    case FileVerdict::wrong_size:
      return "wrong size";
    case FileVerdict::wrong_checksum:
      return "wrong checksum";
    case FileVerdict::malformed:
      return "malformed";
  }
  throw InternalError("file verdict out of range");
}

bool CheckReport::ok() const {
  return std::all_of(files.begin(), files.end(), [](const FileCheck& file) {
    return file.verdict == FileVerdict::intact || file.verdict == FileVerdict::unverified;
  });
}

CheckReport check_dataset(std::string_view name, const DataPaths& paths) {
  const DatasetSpec& spec = find_spec(name);
  CheckReport report{spec.name, {}};
  if (spec.name == "digits") report.files.push_back(check_digits());
  for (const FileSpec& file : spec.files) {
    const auto path = locate(spec, file, paths);
    if (!path.empty()) {
      report.files.push_back(verify(spec, file, path));
      continue;
    }
    FileCheck missing;
    missing.path = paths.cache_dir / spec.name / file.file;
    missing.expected_bytes = file.bytes;
    missing.expected_sha256 = file.sha256;
    missing.note = spec.how_to_get;
    report.files.push_back(missing);
  }
  return report;
}

}  // namespace apical
