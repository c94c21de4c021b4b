#include "data/verify.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "apical/data_hash.h"
#include "apical/error.h"
#include "data/files.h"
#include "data/idx.h"

namespace apical {
namespace {

// Size and sum of a source's content.
void measure(const ByteSource& source, FileCheck& check) {
  Sha256 sum;
  std::vector<std::byte> buffer(std::size_t{1} << 18);
  while (const std::size_t count = source(buffer)) {
    sum.update(std::span(buffer).first(count));
    check.bytes += count;
  }
  check.sha256 = sum.hex();
}

void judge(const DatasetSpec& spec, const FileSpec& file, bool packed, FileCheck& check) {
  const bool published = !file.sha256.empty();
  const auto recorded = recorded_sums(check.path.parent_path());
  const auto own = recorded.find(file.file);
  check.expected_sha256 = published ? file.sha256 : packed || own == recorded.end() ? "" : own->second;
  if (check.bytes != check.expected_bytes) {
    check.verdict = FileVerdict::wrong_size;
    check.note = fmt::format("has {} bytes, expected {}", check.bytes, check.expected_bytes);
  } else if (!check.expected_sha256.empty() && check.sha256 != check.expected_sha256) {
    check.verdict = FileVerdict::wrong_checksum;
    check.note = fmt::format("has SHA-256 {}, expected {}", check.sha256, check.expected_sha256);
  } else if (published) {
    check.verdict = FileVerdict::intact;
  } else if (auto problem = content_problem(spec, file, check.path); !problem.empty()) {
    check.verdict = FileVerdict::malformed;
    check.note = problem;
  } else if (packed && sha256_file(check.path) == file.gz_sha256) {
    check.verdict = FileVerdict::intact;
    check.note = "the .gz file has its published SHA-256";
  } else if (!check.expected_sha256.empty()) {
    check.verdict = FileVerdict::intact;
    check.note = "as recorded when it was fetched; no sum of this form of the file is published";
  } else {
    check.verdict = FileVerdict::unverified;
    check.note = "header, shape and first labels are right; no sum of this form of the file is published";
  }
}

}  // namespace

std::map<std::string, std::string> recorded_sums(const std::filesystem::path& folder) {
  std::map<std::string, std::string> sums;
  std::ifstream file(folder / "SHA256SUMS");
  for (std::string sum, name; file >> sum >> name;) sums[name] = sum;
  return sums;
}

FileCheck verify(const DatasetSpec& spec, const FileSpec& file, const std::filesystem::path& path) {
  FileCheck check;
  check.path = path;
  check.expected_bytes = file.bytes;
  check.expected_sha256 = file.sha256;
  try {
    const SharedBytes mapped = map_file(path);
    const bool packed = is_gzip(mapped.bytes);
    measure(packed ? gunzip_source(mapped.bytes, path.string()) : plain_source(mapped.bytes), check);
    judge(spec, file, packed, check);
  } catch (const Error& error) {
    check.verdict = FileVerdict::malformed;
    check.note = error.problem();
  }
  return check;
}

std::string content_problem(const DatasetSpec& spec, const FileSpec& file,
                            const std::filesystem::path& path) {
  const auto index =
      static_cast<std::size_t>(std::find_if(spec.files.begin(), spec.files.end(),
                                            [&](const FileSpec& f) { return f.file == file.file; }) -
                               spec.files.begin());
  const bool images = index % 2 == 0;
  const std::size_t samples = index < 2 ? spec.train : spec.test;
  try {
    const Array array = read_idx(path, images ? kIdxImages : kIdxLabels);
    const std::vector<std::size_t> expected =
        images ? std::vector{samples, spec.rows, spec.cols} : std::vector{samples};
    if (array.shape != expected) {
      return fmt::format("holds {}, expected {}", dimensions_text(array.shape), dimensions_text(expected));
    }
    const auto values = std::get<std::span<const std::uint8_t>>(array.values);
    if (!std::equal(file.begins.begin(), file.begins.end(), values.begin())) {
      return fmt::format(
          "starts with the labels {}, expected {}: these are not the published samples in their order",
          fmt::join(values.first(file.begins.size()), " "), fmt::join(file.begins, " "));
    }
  } catch (const Error& error) {
    return error.problem();
  }
  return {};
}

}  // namespace apical
