#include <fmt/format.h>

#include "apical/data.h"
#include "apical/error.h"
#include "data/digits.h"
#include "data/file_sets.h"
#include "data/idx.h"
#include "data/student_teacher.h"
#include "data/verify.h"

namespace apical {
namespace {

std::string require_file(const DatasetSpec& spec, const FileSpec& file, const DataPaths& paths) {
  const auto path = locate(spec, file, paths);
  if (!path.empty()) return path.string();
  std::string places = (paths.cache_dir / spec.name).string();
  if (paths.folder) places += " or " + paths.folder->string();
  throw Error("data " + spec.name, fmt::format("there is no {} in {}.", file.file, places),
              fmt::format("To get it: {}.", spec.how_to_get));
}

Array read_verified(const DatasetSpec& spec, const FileSpec& file, std::uint32_t magic,
                    const DataPaths& paths) {
  const std::string path = require_file(spec, file, paths);
  Array array = read_idx(path, magic);  // says more precisely than a sum what is wrong with a damaged file
  const FileCheck check = verify(spec, file, path);
  if (check.verdict != FileVerdict::intact && check.verdict != FileVerdict::unverified) {
    throw Error(path, check.note + ".", fmt::format("Remove it and get it again: {}.", spec.how_to_get));
  }
  return array;
}

Dataset load_known(const DatasetSpec& spec, std::string_view part, const DataPaths& paths) {
  const std::size_t first = part == "train" ? 0 : 2;
  const Samples samples{read_verified(spec, spec.files[first], kIdxImages, paths),
                        read_verified(spec, spec.files[first + 1], kIdxLabels, paths), spec.name};
  DatasetContents contents = contents_of(samples);
  contents.name = spec.name, contents.part = part;
  contents.classes = spec.classes, contents.standardisation = spec.standardisation;
  const auto labels = std::get<std::span<const std::uint8_t>>(samples.y->values);
  contents.labels.assign(labels.begin(), labels.end());
  return Dataset(std::move(contents));
}

}  // namespace

Dataset load_dataset(std::string_view name, std::string_view part, const DataPaths& paths,
                     const LoadOptions& options) {
  if (part != "train" && part != "test") {
    const std::vector<std::string> parts = {"train", "test"};
    throw unknown_choice(fmt::format("data {}", name), "part", part, parts);
  }
  if (name == kStudentTeacher) return student_teacher(options.teacher, part);
  if (is_file_set(name)) return load_file_set(name, part, options);
  const DatasetSpec& spec = find_spec(name);
  return spec.files.empty() ? load_digits(spec, part) : load_known(spec, part, paths);
}

}  // namespace apical
